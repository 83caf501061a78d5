import type { AlertCase } from '../case.ts'

/** One o'clock, some days after the beginning of 1970, where Prometheus begins its tests. */
const endsAfter = (days: number) => ({
  certificates: [{ name: 'elasticsearch-node', notAfter: new Date((days * 24 + 1) * 3_600_000).toISOString() }],
})
const labels = { certificate: 'elasticsearch-node' }

export const certificateCases: Readonly<Record<string, AlertCase>> = {
  TracardiCertificateEnds: {
    fires: {
      given: {},
      afterMinutes: 61,
      stack: endsAfter(60),
      told: [{ says: 'elasticsearch-node ends in 60 days.', labels }],
    },
    silent: { because: 'an update has renewed it in time', given: {}, afterMinutes: 60, stack: endsAfter(61) },
  },
  TracardiCertificateEndsAtOnce: {
    fires: {
      given: {},
      afterMinutes: 61,
      stack: endsAfter(14),
      told: [{ says: 'elasticsearch-node ends in 14 days.', labels }],
    },
    silent: { because: 'there is time for an update', given: {}, afterMinutes: 60, stack: endsAfter(15) },
  },
}
