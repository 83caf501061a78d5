import { adviceOfAlert } from './advice.ts'
import type { Alert, AlertGroup } from './alert.ts'
import { bookkeeperAlerts } from './alerts/bookkeeper.ts'
import { canaryAlerts } from './alerts/canary.ts'
import { certificateAlerts, certificateSeries, type RecordedSeries } from './alerts/certificates.ts'
import { elasticsearchAlerts } from './alerts/elasticsearch.ts'
import { eventAlerts } from './alerts/events.ts'
import { podAlerts } from './alerts/pods.ts'
import { queueAlerts } from './alerts/queue.ts'
import { serviceLevelAlerts } from './alerts/service-level.ts'
import { workerAlerts } from './alerts/workers.ts'
import { zookeeperAlerts } from './alerts/zookeeper.ts'
import type { MonitoredStack } from './monitored-stack.ts'

const GROUPS = [
  eventAlerts,
  serviceLevelAlerts,
  canaryAlerts,
  workerAlerts,
  queueAlerts,
  bookkeeperAlerts,
  zookeeperAlerts,
  elasticsearchAlerts,
  certificateAlerts,
  podAlerts,
]

/** The alerts of a stack: those about servers that it has. */
export function alertsOf(stack: MonitoredStack): readonly AlertGroup[] {
  return GROUPS.map((group) => group(stack)).filter(({ reads }) => reads.every((tier) => stack.tiers.includes(tier)))
}

interface AlertingRule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A file of rules of Prometheus, and the `spec` of a PrometheusRule. */
export interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (AlertingRule | RecordedSeries)[] }[]
}

/** @param runbooks the page that has a section for each alert, under its name. */
export function rulesOf(stack: MonitoredStack, runbooks: string): Rules {
  const name = (group: string) => `${stack.namespace}-${stack.prefix}${group}`
  const alerting = alertsOf(stack).map(({ name: group, alerts }) => ({
    name: name(group),
    rules: alerts.map((alert) => alertingRule(alert, stack.namespace, runbooks)),
  }))
  const series = certificateSeries(stack)
  return { groups: series.length === 0 ? alerting : [{ name: name('recorded'), rules: series }, ...alerting] }
}

function alertingRule(alert: Alert, namespace: string, runbooks: string): AlertingRule {
  const { name, severity, forMinutes, expr, summary, description } = alert
  const advice = adviceOfAlert(name)
  return {
    alert: name,
    expr,
    for: `${forMinutes}m`,
    // The namespace, because an AlertmanagerConfig of the operator routes by it.
    labels: { severity, namespace },
    annotations: {
      ...{ summary, description, runbook_url: `${runbooks}#${name.toLowerCase()}` },
      // The code of the console's advice about the same cause.
      ...(advice === undefined ? {} : { advice }),
    },
  }
}
