import { type MonitoredStack, of } from '../monitored-stack.ts'
import { type Panel, type Row, WINDOW } from './panel.ts'

/** The servers under the pipeline. */
export function serverRows(stack: MonitoredStack): readonly Row[] {
  return [brokers(stack), bookies(stack), zookeeper(stack), elasticsearch(stack)]
}

/** Heap of a JVM of Pulsar, by pod. */
function heap(selected: string): Panel {
  return {
    title: 'Heap',
    description: 'By pod. A saw that no longer falls is a JVM that is too small.',
    unit: 'bytes',
    queries: [{ expr: `sum by (pod) (jvm_memory_bytes_used${selected})`, legend: '{{pod}}' }],
  }
}

function brokers(stack: MonitoredStack): Row {
  const broker = (...more: string[]) => of(stack, 'broker', ...more)
  return {
    title: 'Brokers',
    reads: ['broker'],
    panels: [
      {
        title: 'Messages',
        description: 'By broker: in is what the API publishes, out is what workers receive.',
        unit: 'cps',
        queries: [
          { expr: `sum by (pod) (pulsar_broker_rate_in${broker()})`, legend: '{{pod}} in' },
          { expr: `sum by (pod) (pulsar_broker_rate_out${broker()})`, legend: '{{pod}} out' },
        ],
      },
      {
        title: 'Publish latency, p99',
        description: 'From a message to its receipt, in the broker.',
        unit: 'ms',
        queries: [{ expr: `pulsar_broker_publish_latency${broker('quantile="0.99"')}`, legend: '{{pod}}' }],
      },
      {
        title: 'Topics',
        description: 'How the partitions are spread over the brokers.',
        unit: 'short',
        queries: [{ expr: `pulsar_broker_topics_count${broker()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Connections',
        description: 'Of API, workers and set-up.',
        unit: 'short',
        queries: [{ expr: `pulsar_active_connections${broker()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Backlog on disk',
        description: 'Bytes of messages that are not acknowledged.',
        unit: 'bytes',
        queries: [{ expr: `sum(pulsar_storage_backlog_size${broker()})`, legend: 'all topics' }],
      },
      heap(broker('area="heap"')),
    ],
  }
}

function bookies(stack: MonitoredStack): Row {
  const bookie = (...more: string[]) => of(stack, 'bookkeeper', ...more)
  const autorecovery = (...more: string[]) => of(stack, 'autorecovery', ...more)
  const volumes = `{namespace="${stack.namespace}",persistentvolumeclaim=~"(journal|ledgers)[0-9]*-${stack.prefix}bookkeeper-.*"}`
  return {
    title: 'Bookies',
    reads: ['bookkeeper', 'autorecovery'],
    panels: [
      {
        title: 'State',
        description: '1 is writable, 0 is read-only, -1 is not registered.',
        unit: 'short',
        least: -1,
        queries: [{ expr: `bookie_SERVER_STATUS${bookie()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Entries written',
        description: 'By bookie.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (pod) (rate(bookkeeper_server_ADD_ENTRY_REQUEST_count${bookie('success="true"')}[${WINDOW}]))`,
            legend: '{{pod}}',
          },
        ],
      },
      {
        title: 'Time to write an entry, p99',
        description: 'The journal is synced before an entry counts: it is the time of the disk.',
        unit: 'ms',
        queries: [
          {
            expr: `max by (pod) (bookkeeper_server_ADD_ENTRY_REQUEST${bookie('success="true"', 'quantile="0.99"')})`,
            legend: '{{pod}}',
          },
        ],
      },
      {
        title: 'Volumes',
        description: 'Above 90 % a bookie compacts, above 95 % it turns read-only.',
        unit: 'percentunit',
        queries: [
          {
            expr: `kubelet_volume_stats_used_bytes${volumes} / kubelet_volume_stats_capacity_bytes${volumes}`,
            legend: '{{persistentvolumeclaim}}',
          },
        ],
      },
      {
        title: 'Ledgers being copied',
        description: 'By autorecovery, after a bookie was lost.',
        unit: 'cps',
        queries: [
          {
            expr: `sum(rate(replication_worker_NUM_FULL_OR_PARTIAL_LEDGERS_REPLICATED${autorecovery()}[${WINDOW}]))`,
            legend: 'copied',
          },
          {
            expr: `sum(rate(auditor_NUM_UNDER_REPLICATED_LEDGERS_sum${autorecovery('success="true"')}[${WINDOW}]))`,
            legend: 'found with too few copies',
          },
        ],
      },
      heap(bookie('area="heap"')),
    ],
  }
}

function zookeeper(stack: MonitoredStack): Row {
  const node = (...more: string[]) => of(stack, 'zookeeper', ...more)
  return {
    title: 'ZooKeeper',
    reads: ['zookeeper'],
    panels: [
      {
        title: 'Followers in sync',
        description: `As reported by the leader. The ensemble is complete at ${stack.zookeepers - 1}.`,
        unit: 'short',
        queries: [{ expr: `synced_followers${node()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Requests that wait',
        description: 'A node that is behind has many.',
        unit: 'short',
        queries: [{ expr: `outstanding_requests${node()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Latency, mean',
        description: 'Of a request, by node.',
        unit: 'ms',
        queries: [{ expr: `avg_latency${node()}`, legend: '{{pod}}' }],
      },
      {
        title: 'Sync of the log, mean',
        description: 'Each change waits for the disks of a majority.',
        unit: 'ms',
        queries: [
          {
            expr: `rate(fsynctime_sum${node()}[${WINDOW}]) / rate(fsynctime_count${node()}[${WINDOW}])`,
            legend: '{{pod}}',
          },
        ],
      },
      {
        title: 'Nodes of the tree',
        description: 'Ledgers and topics are kept here.',
        unit: 'short',
        queries: [{ expr: `znode_count${node()}`, legend: '{{pod}}' }],
      },
      heap(node('area="heap"')),
    ],
  }
}

function elasticsearch(stack: MonitoredStack): Row {
  const exporter = (...more: string[]) => of(stack, 'elasticsearch-exporter', ...more)
  const holdsData = exporter('es_data_node="true"')
  return {
    title: 'Elasticsearch',
    reads: ['elasticsearch-exporter'],
    panels: [
      {
        title: 'Health',
        description: '1 at its colour. Red: a shard has no copy. Yellow: a copy is missing.',
        unit: 'short',
        queries: [{ expr: `max by (color) (elasticsearch_cluster_health_status${exporter()})`, legend: '{{color}}' }],
      },
      {
        title: 'Shards that are not where they belong',
        description: 'Unassigned ones stay, others pass.',
        unit: 'short',
        queries: [
          { expr: `max(elasticsearch_cluster_health_unassigned_shards${exporter()})`, legend: 'unassigned' },
          { expr: `max(elasticsearch_cluster_health_initializing_shards${exporter()})`, legend: 'initializing' },
          { expr: `max(elasticsearch_cluster_health_relocating_shards${exporter()})`, legend: 'relocating' },
        ],
      },
      {
        title: 'Documents indexed',
        description: 'By node, copies included.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (name) (rate(elasticsearch_indices_indexing_index_total${holdsData}[${WINDOW}]))`,
            legend: '{{name}}',
          },
        ],
      },
      {
        title: 'Bulks refused',
        description: 'By node: its queue of writes was full. Workers send them again.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (name) (rate(elasticsearch_thread_pool_rejected_count${exporter('type="write"')}[${WINDOW}]))`,
            legend: '{{name}}',
          },
        ],
      },
      {
        title: 'Heap',
        description: 'By node, as a part of what it may have.',
        unit: 'percentunit',
        queries: [
          {
            expr: `elasticsearch_jvm_memory_used_bytes${exporter('area="heap"')} / elasticsearch_jvm_memory_max_bytes${exporter('area="heap"')}`,
            legend: '{{name}}',
          },
        ],
      },
      {
        title: 'Disk left',
        description:
          'Below 15 % a node gets no more shards, below 10 % Elasticsearch moves shards away, at 5 % indices become read-only.',
        unit: 'percentunit',
        queries: [
          {
            expr: `elasticsearch_filesystem_data_available_bytes${holdsData} / elasticsearch_filesystem_data_size_bytes${holdsData}`,
            legend: '{{name}}',
          },
        ],
      },
    ],
  }
}
