import type { AlertGroup } from '../alert.ts'
import type { MonitoredStack } from '../monitored-stack.ts'

/** A series for each certificate of the stack: when it ends, in seconds since 1970. */
export const CERTIFICATE_METRIC = 'tracardi_certificate_expiry_timestamp_seconds'

const DAYS = { warning: 60, critical: 14 }

/**
 * Certificates that the stack has created. No server reports their expiry, but the stack knows it, and an `up` that renews one
 * changes it too: `certificateSeries` records it.
 */
export function certificateAlerts({ namespace }: Pick<MonitoredStack, 'namespace'>): AlertGroup {
  const days = `(${CERTIFICATE_METRIC}{namespace="${namespace}"} - time()) / 86400`
  const says = '{{ $labels.certificate }} ends in {{ $value | humanize }} days.'
  return {
    name: 'certificates',
    reads: [],
    alerts: [
      {
        name: 'TracardiCertificateEnds',
        severity: 'warning',
        forMinutes: 0,
        expr: `${days} < ${DAYS.warning}`,
        summary: 'A certificate of the stack expires soon, and no update has renewed it',
        description: says,
      },
      {
        name: 'TracardiCertificateEndsAtOnce',
        severity: 'critical',
        forMinutes: 0,
        expr: `${days} < ${DAYS.critical}`,
        summary: 'A certificate of the stack is about to expire: then nobody reaches Elasticsearch',
        description: says,
      },
    ],
  }
}

export interface RecordedSeries {
  readonly record: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
}

export function certificateSeries({ namespace, certificates }: MonitoredStack): readonly RecordedSeries[] {
  return certificates.map(({ name, notAfter }) => ({
    record: CERTIFICATE_METRIC,
    expr: `vector(${Date.parse(notAfter) / 1000})`,
    labels: { namespace, certificate: name },
  }))
}
