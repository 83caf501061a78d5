import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/** Operations sent again, as a part of the events, that is more than one node of Elasticsearch restarting. */
const RETRIED_PART = 0.05
/** The second largest bucket of `tracardi_worker_bulk_seconds`: a quantile cannot exceed the largest, which is 60 s. */
const SLOWEST_SECONDS = 30
/** Part of the bulks that were sent for the timeout, and how full a bulk is then, at which there are too many workers. */
const IDLE = { timeoutPart: 0.9, filledPart: 0.5 }

/** The workers, and how Elasticsearch handles their bulks. */
export function workerAlerts(stack: MonitoredStack): AlertGroup {
  const worker = (...more: string[]) => of(stack, 'worker', ...more)
  const rate = (metric: string, window: string, ...more: string[]) =>
    `sum(rate(${metric}${worker(...more)}[${window}]))`
  const slowSeconds = Math.min(SLOWEST_SECONDS, stack.queryTimeoutSeconds / 2)
  const flushes = (...more: string[]) => rate('tracardi_worker_flushes_total', '1h', ...more)
  const fill = `${rate('tracardi_worker_batch_events_sum', '1h')} / ${rate('tracardi_worker_batch_events_count', '1h')}`
  return {
    name: 'workers',
    reads: ['worker'],
    alerts: [
      {
        name: 'TracardiDeadLetters',
        severity: 'warning',
        forMinutes: 0,
        expr: `sum(increase(tracardi_worker_events_total${worker('outcome="dead_lettered"')}[1h])) > 0`,
        summary: 'Elasticsearch refuses some events permanently: they are dead letters',
        description: '{{ $value | humanize }} events went to the dead-letter topic within an hour.',
      },
      {
        name: 'TracardiEventConflicts',
        severity: 'warning',
        forMinutes: 0,
        expr: `sum(increase(tracardi_worker_events_total${worker('outcome="conflict"')}[1h])) > 0`,
        summary: 'Events have ids that are in use for other events: the first ones are stored, these are not',
        description: '{{ $value | humanize }} events within an hour had the id of another event of their source.',
      },
      {
        name: 'TracardiIndexTrouble',
        severity: 'critical',
        // Workers look every minute, and one that may repair does it before another reports.
        forMinutes: 3,
        expr: `max by (reason) (tracardi_worker_index_troubles${worker()}) > 0`,
        summary: 'Templates or indices are not as they should be, and the workers cannot repair them',
        description: '{{ $value }} with {{ $labels.reason }}: the readiness and the log of a worker name them.',
      },
      {
        name: 'TracardiElasticsearchNodeAway',
        severity: 'warning',
        forMinutes: 5,
        expr: `max by (node) (tracardi_worker_search_node_away${worker()}) == 1`,
        summary: 'A node of ELASTIC_HOST does not answer, and the workers use the others',
        description: '{{ $labels.node }} has not answered a worker for more than 5 minutes.',
      },
      {
        name: 'TracardiLaneClosed',
        severity: 'warning',
        forMinutes: 5,
        expr: `max by (index, shard, fault) (tracardi_worker_lane_closed${worker()}) == 1`,
        summary: 'Elasticsearch refuses every write to a shard: its events wait in Pulsar, all others are stored',
        description:
          'Shard {{ $labels.shard }} of {{ $labels.index }} has answered {{ $labels.fault }} for more than 5 minutes.',
      },
      {
        name: 'TracardiMessagesUnreadable',
        severity: 'warning',
        forMinutes: 15,
        expr: `sum(increase(tracardi_worker_unreadable_messages_total${worker()}[15m])) > 0`,
        summary: 'Messages are of a newer format than the workers know',
        description: 'Workers returned {{ $value | humanize }} messages to Pulsar within 15 minutes.',
      },
      {
        name: 'TracardiBulksRefused',
        severity: 'warning',
        forMinutes: 10,
        // Not a quotient: while everything is sent again, no events are processed.
        expr: `${rate('tracardi_worker_retries_total', '10m')} > ${RETRIED_PART} * ${rate('tracardi_worker_events_total', '10m')}`,
        summary: 'Elasticsearch refuses many operations of the workers, which retry them',
        description: '{{ $value | humanize }} operations a second are sent again.',
      },
      {
        name: 'TracardiBulksSlow',
        severity: 'warning',
        forMinutes: 15,
        expr: `histogram_quantile(0.99, sum by (le) (rate(tracardi_worker_bulk_seconds_bucket${worker()}[10m]))) > ${slowSeconds}`,
        summary: 'Elasticsearch takes long for bulks',
        description: `One bulk in a hundred takes {{ $value | humanizeDuration }} or more; after ${stack.queryTimeoutSeconds}s it is sent again.`,
      },
      {
        name: 'TracardiBulksNotFilled',
        severity: 'info',
        forMinutes: 60,
        expr: `(${flushes('reason="timeout"')} / ${flushes()} > ${IDLE.timeoutPart}) and (${fill} < ${IDLE.filledPart * stack.bulkSize})`,
        summary: 'Bulks are sent by timeout and not by size: there are more workers than there is work',
        description: `{{ $value | humanizePercentage }} of the bulks of an hour were sent by timeout, less than half full of ${stack.bulkSize} events.`,
      },
    ],
  }
}
