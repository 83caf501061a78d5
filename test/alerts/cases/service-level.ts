import type { AlertCase } from '../case.ts'

const STORED = 'tracardi_worker_receipt_to_stored_seconds'
const inTime = (le: string) => `${STORED}_bucket{job="tracardi/worker",le="${le}"}`
const ALL = `${STORED}_count{job="tracardi/worker"}`

export const serviceLevelCases: Readonly<Record<string, AlertCase>> = {
  TracardiStoredLateFast: {
    fires: {
      // Prometheus 3 writes 60.0.
      given: { [inTime('60.0')]: '0+1000x60 60900+900x30', [inTime('30.0')]: '0+10x90', [ALL]: '0+1000x90' },
      afterMinutes: 66,
      told: [
        {
          says: '0.9091% of the messages were stored later than 60 s after their receipt; the objective is 99.9 % in time.',
        },
      ],
    },
    silent: {
      because: 'the short window says that it is over',
      given: { [inTime('60')]: '0+900x30 27000+1000x60', [ALL]: '0+1000x90' },
      afterMinutes: 80,
    },
  },
  TracardiStoredLateSlowly: {
    fires: {
      given: { [inTime('60')]: '0+1000x1440 1440992+992x300', [ALL]: '0+1000x1740' },
      afterMinutes: 1648,
      told: [
        {
          says: '0.101% of the messages were stored later than 60 s after their receipt; the objective is 99.9 % in time.',
        },
      ],
    },
    silent: {
      because: 'the objective allows one late message in two thousand',
      given: { [inTime('60')]: '0+1999x1440', [ALL]: '0+2000x1440' },
      afterMinutes: 1400,
    },
  },
}
