import { adviceOfAlert } from '../../infra/observability/advice.ts'
import type { MonitoredStack } from '../../infra/observability/monitored-stack.ts'
import { alertsOf, type Rules, rulesOf } from '../../infra/observability/rules.ts'
import type { AlertCase, Situation, Told } from './case.ts'
import { RUNBOOKS, STACK } from './monitored-stack.ts'

/** A file of rules, and one of promtool's tests of them. */
export interface Suite {
  readonly rules: Rules
  readonly tests: object
}

/** The two situations of an alert, each with the rules of its stack that concern it. */
export function suitesOf(name: string, { fires, silent }: AlertCase): readonly { name: string; suite: Suite }[] {
  return [
    { name: `${name}-fires`, suite: suite(name, fires, fires.told) },
    { name: `${name}-silent`, suite: suite(name, silent, []) },
  ]
}

function suite(name: string, situation: Situation, told: readonly Told[]): Suite {
  const { given, afterMinutes } = situation
  const stack = { ...STACK, ...situation.stack }
  return {
    rules: { groups: rulesOf(stack, RUNBOOKS).groups.filter((group) => concerns(group, name)) },
    tests: {
      evaluation_interval: '1m',
      tests: [
        {
          name,
          interval: '1m',
          input_series: Object.entries(given).map(([series, values]) => ({ series, values })),
          alert_rule_test: [
            // Not a minute earlier either.
            { eval_time: `${afterMinutes - 1}m`, alertname: name, exp_alerts: [] },
            {
              eval_time: `${afterMinutes}m`,
              alertname: name,
              exp_alerts: told.map((one) => expected(name, one, stack)),
            },
          ],
        },
      ],
    },
  }
}

/** Whether a group has the alert, or series that alerts may read. */
function concerns({ rules }: Rules['groups'][number], name: string): boolean {
  return rules.some((rule) => ('alert' in rule ? rule.alert === name : true))
}

function expected(name: string, { says, labels }: Told, stack: MonitoredStack) {
  const advice = adviceOfAlert(name)
  const alert = alertsOf(stack)
    .flatMap(({ alerts }) => alerts)
    .find((one) => one.name === name)
  return {
    exp_labels: { severity: alert?.severity, namespace: stack.namespace, ...labels },
    exp_annotations: {
      summary: alert?.summary,
      description: says,
      runbook_url: `${RUNBOOKS}#${name.toLowerCase()}`,
      ...(advice === undefined ? {} : { advice }),
    },
  }
}
