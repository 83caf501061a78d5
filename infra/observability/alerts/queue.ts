import { DEAD_LETTERS_SUBSCRIPTION } from '../../../runtime/names.ts'
import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of, partitions } from '../monitored-stack.ts'

/** Parts of `load.backlogHours`, the time for which disks hold everything. */
const AGE_PART = { warning: 0.25, critical: 0.5 }

/** The backlog, as the brokers report it. It has no time to live: old messages are not dropped, they fill disks. */
export function queueAlerts(stack: MonitoredStack): AlertGroup {
  const { subscription, deadLetterTopic, backlogHours, backlogPerWorker, workers } = stack
  const ofSubscription = of(stack, 'broker', partitions(stack), `subscription="${subscription}"`)
  const backlog = `sum(pulsar_subscription_back_log${ofSubscription})`
  const much = backlogPerWorker * workers
  const stillMinutes = Math.max(10, Math.ceil((5 * stack.bulkTimeoutSeconds) / 60))
  const old = (part: number) =>
    `max(pulsar_storage_backlog_age_seconds${of(stack, 'broker', partitions(stack))}) > ${backlogHours * 3600 * part}`
  const increased = (metric: string, selected: string) => `sum by (topic) (increase(${metric}${selected}[10m])) > 0`
  const oldSays = `The oldest event that is not stored has waited {{ $value | humanizeDuration }}; disks are sized for ${backlogHours} hours.`
  return {
    name: 'queue',
    reads: ['broker'],
    alerts: [
      {
        name: 'TracardiEventsDropped',
        severity: 'critical',
        forMinutes: 0,
        expr: `${increased('pulsar_storage_backlog_quota_exceeded_evictions_total', of(stack, 'broker', partitions(stack)))} or ${increased('pulsar_subscription_total_msg_expired', ofSubscription)}`,
        summary: 'Pulsar has dropped events that no worker had stored',
        description:
          'A policy has dropped messages of {{ $labels.topic }} within 10 minutes: run set-up, and replay what the namespace keeps.',
      },
      {
        name: 'TracardiBacklogOld',
        severity: 'warning',
        forMinutes: 5,
        expr: old(AGE_PART.warning),
        summary: 'Events have waited for a quarter of the time for which disks hold them',
        description: oldSays,
      },
      {
        name: 'TracardiBacklogTooOld',
        severity: 'critical',
        forMinutes: 5,
        expr: old(AGE_PART.critical),
        summary: 'Events have waited for half of the time for which disks hold them',
        description: oldSays,
      },
      {
        name: 'TracardiBacklogGrowing',
        severity: 'warning',
        forMinutes: 15,
        expr: `(${backlog} > ${much}) and (deriv(${backlog}[15m:1m]) > 0)`,
        summary: 'More events arrive than workers store',
        description: `{{ $value | humanize }} messages wait, more than ${much}, and their number grows.`,
      },
      {
        name: 'TracardiBacklogStandsStill',
        severity: 'critical',
        forMinutes: stillMinutes,
        expr: `(time() - pulsar_subscription_last_mark_delete_advanced_timestamp${ofSubscription} / 1000 > ${stillMinutes * 60}) and (pulsar_subscription_back_log${ofSubscription} > 0)`,
        summary: 'Nothing of the backlog of a partition is acknowledged',
        description: `{{ $labels.topic }} has a backlog, and its oldest message was the same for more than ${stillMinutes} minutes.`,
      },
      {
        name: 'TracardiDeadLettersWait',
        severity: 'warning',
        forMinutes: 24 * 60,
        expr: `sum(pulsar_subscription_back_log${of(stack, 'broker', `topic="${deadLetterTopic}"`, `subscription="${DEAD_LETTERS_SUBSCRIPTION}"`)}) > 0`,
        summary: 'Dead letters have waited for a day',
        description: '{{ $value | humanize }} dead letters wait for an operator.',
      },
    ],
  }
}
