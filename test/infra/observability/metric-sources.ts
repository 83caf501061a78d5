import { collectDefaultMetrics, Registry } from 'prom-client'
import { CERTIFICATE_METRIC } from '../../../infra/observability/alerts/certificates.ts'
import { apiMetrics } from '../../../runtime/api/metrics.ts'
import { canaryMetrics } from '../../../runtime/canary/metrics.ts'
import { processInfo } from '../../../runtime/process-info.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'

/** Names as Prometheus scrapes them: a histogram is three series. */
function namesOf(register: (registry: Registry) => unknown): readonly string[] {
  const registry = new Registry()
  register(registry)
  return registry
    .getMetricsAsArray()
    .flatMap(({ name, constructor: { name: kind } }) =>
      kind === 'Histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    )
}

/**
 * Metrics that rules and dashboards may use, by their source. Those of our programs are from the code. Those of servers
 * were read from `/metrics` of the real ones with our configuration: Pulsar 4.0.6 (BookKeeper 4.17.2, ZooKeeper 3.9.3), and
 * elasticsearch_exporter 1.11.0 next to Elasticsearch 9.2.0. The others are stable metrics by their manuals.
 *
 * @see https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md
 * @see https://kubernetes.io/docs/reference/instrumentation/metrics/
 */
export const METRICS: Readonly<Record<string, readonly string[]>> = {
  api: namesOf((registry) => {
    canaryMetrics(registry, Date.now)
    apiMetrics(registry, {
      pendingBytes: () => 0,
      sourcesFault: () => undefined,
      queue: { closed: () => [], partitions: () => [] },
    })
  }),
  worker: namesOf((registry) => workerMetrics(registry, new AdaptiveConcurrency(1), Date.now)),
  '(api|worker)': namesOf((registry) => {
    collectDefaultMetrics({ register: registry })
    processInfo(registry, { runtimeImage: '' })
  }),
  broker: [
    'jvm_memory_bytes_used',
    'pulsar_active_connections',
    'pulsar_broker_publish_latency',
    'pulsar_broker_rate_in',
    'pulsar_broker_rate_out',
    'pulsar_broker_topics_count',
    'pulsar_rate_in',
    'pulsar_rate_out',
    'pulsar_storage_backlog_age_seconds',
    'pulsar_storage_backlog_quota_exceeded_evictions_total',
    'pulsar_storage_backlog_size',
    'pulsar_subscription_back_log',
    'pulsar_subscription_last_mark_delete_advanced_timestamp',
    'pulsar_subscription_total_msg_expired',
  ],
  bookkeeper: [
    'bookie_SERVER_STATUS',
    'bookkeeper_server_ADD_ENTRY_REQUEST',
    'bookkeeper_server_ADD_ENTRY_REQUEST_count',
    'jvm_memory_bytes_used',
  ],
  autorecovery: [
    'auditor_NUM_UNDER_REPLICATED_LEDGERS_sum',
    'replication_worker_NUM_FULL_OR_PARTIAL_LEDGERS_REPLICATED',
  ],
  zookeeper: [
    'avg_latency',
    'fsynctime_count',
    'fsynctime_sum',
    'jvm_memory_bytes_used',
    'outstanding_requests',
    'synced_followers',
    'znode_count',
  ],
  'elasticsearch-exporter': [
    'elasticsearch_cluster_health_initializing_shards',
    'elasticsearch_cluster_health_number_of_nodes',
    'elasticsearch_cluster_health_relocating_shards',
    'elasticsearch_cluster_health_status',
    'elasticsearch_cluster_health_unassigned_shards',
    'elasticsearch_filesystem_data_available_bytes',
    'elasticsearch_filesystem_data_size_bytes',
    'elasticsearch_indices_docs',
    'elasticsearch_indices_indexing_index_total',
    'elasticsearch_indices_store_size_bytes',
    'elasticsearch_jvm_memory_max_bytes',
    'elasticsearch_jvm_memory_used_bytes',
    'elasticsearch_thread_pool_rejected_count',
  ],
  // Of no job of the stack: Prometheus itself, our own recorded series, kubelet, and kube-state-metrics.
  '': [
    CERTIFICATE_METRIC,
    'container_cpu_usage_seconds_total',
    'container_memory_working_set_bytes',
    'kubelet_volume_stats_capacity_bytes',
    'kubelet_volume_stats_used_bytes',
    'kube_cronjob_created',
    'kube_cronjob_status_last_successful_time',
    'kube_pod_status_phase',
    'kube_pod_status_ready',
  ],
}
