import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

const GIB = 2 ** 30

/**
 * Watermarks of a disk, as Elasticsearch has them by default: a free part, but no more free than the headroom.
 * `cluster.routing.allocation.disk.watermark.low` and `.high`, each with `.max_headroom`.
 *
 * @see https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings
 */
const WATERMARKS = { low: { freePart: 0.15, headroomGib: 200 }, high: { freePart: 0.1, headroomGib: 150 } }

/** Small indices and indices that were never merged take more for each document for a while. Sessions and profiles take less. */
const LARGER = 1.3

/** Elasticsearch, as the exporter reports. */
export function elasticsearchAlerts(stack: MonitoredStack): AlertGroup {
  const exporter = (...more: string[]) => of(stack, 'elasticsearch-exporter', ...more)
  const color = (name: string) => `max(elasticsearch_cluster_health_status${exporter(`color="${name}"`)}) == 1`
  const holdsData = exporter('es_data_node="true"')
  const free = `elasticsearch_filesystem_data_available_bytes${holdsData}`
  const size = `elasticsearch_filesystem_data_size_bytes${holdsData}`
  const below = ({ freePart, headroomGib }: { freePart: number; headroomGib: number }) =>
    `(${free} / ${size}) < ${freePart} and ${free} < ${headroomGib * GIB}`
  const diskSays = 'The disk of {{ $labels.name }} has {{ $value | humanizePercentage }} left.'
  return {
    name: 'elasticsearch',
    reads: ['elasticsearch-exporter'],
    alerts: [
      {
        name: 'TracardiElasticsearchRed',
        severity: 'critical',
        forMinutes: 5,
        expr: color('red'),
        summary: 'A shard of Elasticsearch has no copy: bulks to its index are not stored',
        description: 'The cluster is red for more than 5 minutes.',
      },
      {
        name: 'TracardiElasticsearchYellow',
        severity: 'warning',
        forMinutes: 60,
        expr: color('yellow'),
        summary: 'A copy of a shard of Elasticsearch is missing',
        description: 'The cluster is yellow for more than 60 minutes.',
      },
      {
        name: 'TracardiElasticsearchDiskLow',
        severity: 'warning',
        forMinutes: 10,
        expr: below(WATERMARKS.low),
        summary: 'A disk of Elasticsearch is past the low watermark: no more shards are assigned to it',
        description: diskSays,
      },
      {
        name: 'TracardiElasticsearchDiskHigh',
        severity: 'critical',
        forMinutes: 5,
        expr: below(WATERMARKS.high),
        summary: 'A disk of Elasticsearch is past the high watermark: at 5 % its indices become read-only',
        description: diskSays,
      },
      {
        name: 'TracardiElasticsearchUnseen',
        severity: 'warning',
        forMinutes: 10,
        expr: `absent(elasticsearch_cluster_health_number_of_nodes${exporter()})`,
        summary:
          'The state of Elasticsearch is unknown: it does not answer the exporter, or the exporter does not answer',
        description: 'The health of Elasticsearch has not been reported for 10 minutes.',
      },
      ...(stack.sizedEventBytes > 0
        ? ([
            {
              name: 'TracardiEventsLargerThanSized',
              severity: 'warning',
              forMinutes: 60,
              expr: `sum(elasticsearch_indices_store_size_bytes${exporter()}) / sum(elasticsearch_indices_docs${exporter()}) > ${Math.ceil(stack.sizedEventBytes * LARGER)}`,
              summary: 'Events take more disk than the stack is sized for: disks fill before the retention',
              description: `A document takes {{ $value | humanize1024 }}B on disk; an event is sized as ${stack.sizedEventBytes} bytes.`,
            },
          ] as const)
        : []),
    ],
  }
}
