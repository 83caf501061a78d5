import type { AlertGroup } from '../alert.ts'
import type { MonitoredStack } from '../monitored-stack.ts'

/** Full to this part: bookies warn and compact at 90 %, and take no writes at 95 %. */
const FULL_PART = 0.85

/** Pods and volumes, as kube-state-metrics, kubelet and Prometheus itself report. */
export function podAlerts({ namespace, prefix, tiers }: MonitoredStack): AlertGroup {
  const inNamespace = `namespace="${namespace}"`
  const volumes = `{${inNamespace},persistentvolumeclaim=~"(journal|ledgers|data)-${prefix}(bookkeeper|zookeeper)-.*"}`
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
    ],
  }
}
