import type { AlertCase } from './case.ts'
import { canaryCases } from './cases/canary.ts'
import { certificateCases } from './cases/certificates.ts'
import { eventCases } from './cases/events.ts'
import { podCases } from './cases/pods.ts'
import { queueCases } from './cases/queue.ts'
import { serverCases } from './cases/servers.ts'
import { serviceLevelCases } from './cases/service-level.ts'
import { workerCases } from './cases/workers.ts'

/** For each alert, by its name, when it is reported and when not. */
export const CASES: Readonly<Record<string, AlertCase>> = {
  ...eventCases,
  ...serviceLevelCases,
  ...canaryCases,
  ...workerCases,
  ...queueCases,
  ...serverCases,
  ...certificateCases,
  ...podCases,
}
