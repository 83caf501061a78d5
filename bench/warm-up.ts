import type { MixName } from './documents.ts'
import { fastestTransport } from './fill.ts'
import type { Lab } from './lab.ts'
import { loadApi } from './lines/edge.ts'
import { ceilingWithStates } from './lines/elasticsearch-alone.ts'
import { nullSink } from './lines/worker.ts'
import { EVENTS_PER_CALL, makeMaterial } from './material.ts'
import { stopRequested } from './stop-request.ts'

const TRIAL_EVENTS = 20_000

/**
 * Publishes and stores trial documents for some seconds each, until the JVMs of Pulsar and Elasticsearch have compiled their code, so
 * that no line pays for that.
 *
 * @returns events a second that Elasticsearch stored at the end.
 */
export async function warmUp(lab: Lab, mix: MixName, seconds: number): Promise<number> {
  const trial = makeMaterial(lab, mix, TRIAL_EVENTS)
  const transport = await fastestTransport()
  await loadApi(lab, { PULSAR_TRANSPORT: transport }, 'warm-up', trial.edgeRequests(EVENTS_PER_CALL), seconds)
  await nullSink(lab, transport, trial)
  const endMs = performance.now() + seconds * 1000
  let rate = 0
  do {
    for (const outcome of await ceilingWithStates(lab, trial)) rate = outcome.eventsPerSecond
  } while (performance.now() < endMs && !stopRequested())
  return rate
}
