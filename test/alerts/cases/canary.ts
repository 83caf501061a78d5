import type { AlertCase } from '../case.ts'

const found = (pod: string) => `tracardi_canary_last_success_timestamp_seconds{job="tracardi/api",pod="${pod}"}`

export const canaryCases: Readonly<Record<string, AlertCase>> = {
  TracardiCanaryFails: {
    fires: {
      given: { [found('api-0')]: '0+60x10 600x20', [found('api-1')]: '0x30' },
      afterMinutes: 16,
      told: [{ says: 'The last event of the canary was found 6m 0s ago; there is one every minute.' }],
    },
    silent: {
      because: 'another API has found the last ones',
      given: { [found('api-0')]: '0+60x10 600x20', [found('api-1')]: '0+60x30' },
      afterMinutes: 25,
    },
  },
}
