import type { Alert, AlertGroup } from '../alert.ts'
import type { MonitoredStack } from '../monitored-stack.ts'

/** Full to this part: bookies warn and compact at 90 %, and take no writes at 95 %. */
const FULL_PART = 0.85

/** Pods and volumes, as kube-state-metrics, kubelet and Prometheus itself report. */
export function podAlerts({ namespace, prefix, tiers, snapshotHours }: MonitoredStack): AlertGroup {
  const inNamespace = `namespace="${namespace}"`
  const volumes = `{${inNamespace},persistentvolumeclaim=~"(journal|ledgers|data)[0-9]*-${prefix}(bookkeeper|zookeeper)-.*"}`
  return {
    name: 'pods',
    reads: [],
    alerts: [
      {
        name: 'TracardiTierGone',
        severity: 'critical',
        forMinutes: 5,
        // `absent` for those that Prometheus has not found at all.
        expr: [
          `max by (job) (up{job=~"${namespace}/${prefix}(${tiers.join('|')})"}) == 0`,
          ...tiers.map((tier) => `absent(up{job="${namespace}/${prefix}${tier}"})`),
        ].join(' or '),
        summary: 'No pod of a tier serves metrics: it is down, or Prometheus does not reach it',
        description: 'No pod of {{ $labels.job }} was scraped within 5 minutes.',
      },
      {
        name: 'TracardiPodNotReady',
        severity: 'warning',
        forMinutes: 15,
        // Pods of completed Jobs are not ready either.
        expr: `(kube_pod_status_ready{${inNamespace},condition="true"} == 0) and on (namespace, pod) (kube_pod_status_phase{${inNamespace},phase=~"Pending|Running|Unknown"} == 1)`,
        summary: 'A pod is not ready',
        description: '{{ $labels.pod }} is not ready for more than 15 minutes.',
      },
      {
        name: 'TracardiVolumeFills',
        severity: 'warning',
        forMinutes: 10,
        expr: `kubelet_volume_stats_used_bytes${volumes} / kubelet_volume_stats_capacity_bytes${volumes} > ${FULL_PART}`,
        summary: 'A volume of Pulsar fills',
        description: '{{ $labels.persistentvolumeclaim }} is {{ $value | humanizePercentage }} full.',
      },
      ...(snapshotHours === 0 ? [] : [snapshotAlert(`{${inNamespace},cronjob="${prefix}snapshot"}`, snapshotHours)]),
    ],
  }
}

/** Before Pulsar, which keeps events for two intervals, begins to delete what no snapshot has. */
const OLD_INTERVALS = 1.5

/** The Job succeeds only if the repository is usable by every node, and the snapshot has every shard. */
function snapshotAlert(job: string, hours: number): Alert {
  const newest = `max(kube_cronjob_status_last_successful_time${job} or kube_cronjob_created${job})`
  return {
    name: 'TracardiSnapshotOld',
    severity: 'critical',
    forMinutes: 5,
    expr: `time() - ${newest} > ${OLD_INTERVALS * hours * 3600}`,
    summary: 'There is no new whole snapshot of Elasticsearch: soon a restore would miss events',
    description: 'None has succeeded for {{ $value | humanizeDuration }}.',
  }
}
