import type { AlertGroup } from '../alert.ts'
import { type MonitoredStack, of } from '../monitored-stack.ts'

/** Events of the canary fail for at least this long. One is sent every minute, and found when its bulk is stored. */
const SILENT_SECONDS = 300

/** The whole path, as one event a minute meets it. A stack without a canary has no such series. */
export function canaryAlerts(stack: MonitoredStack): AlertGroup {
  const silentSeconds = SILENT_SECONDS + Math.ceil(stack.bulkTimeoutSeconds)
  return {
    name: 'canary',
    reads: ['api'],
    alerts: [
      {
        name: 'TracardiCanaryFails',
        severity: 'critical',
        forMinutes: 0,
        expr: `time() - max(tracardi_canary_last_success_timestamp_seconds${of(stack, 'api')}) > ${silentSeconds}`,
        summary: 'No event of the canary was found: the path from the public address to a search is broken',
        description:
          'The last event of the canary was found {{ $value | humanizeDuration }} ago; there is one every minute.',
      },
    ],
  }
}
