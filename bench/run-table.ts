import type { MixName } from './documents.ts'
import { fastestTransport } from './fill.ts'
import { interleave } from './interleave.ts'
import type { Lab } from './lab.ts'
import type { Outcome } from './line.ts'
import { loadApi } from './lines/edge.ts'
import { ceilingWithStates } from './lines/elasticsearch-alone.ts'
import { nullSink } from './lines/worker.ts'
import { EVENTS_PER_CALL, eventsFor, makeMaterial } from './material.ts'
import { measuresOf } from './measures.ts'
import type { BenchOptions } from './options.ts'
import { report } from './report.ts'
import { say } from './say.ts'
import { stopRequested } from './stop-request.ts'

const TRIAL_EVENTS = 20_000

/** Measures every line in interleaved rounds, for each of the documents, and reports. */
export async function measureTable(lab: Lab, options: BenchOptions): Promise<void> {
  const measures = await measuresOf(lab, options)
  for (const mix of options.mixes) {
    if (stopRequested()) return
    const rate = await warmUp(lab, mix, options.warmUpSeconds)
    const material = makeMaterial(lab, mix, options.events ?? eventsFor(rate, options.storeSeconds))
    say(`\n${mix}: ${material.events} events of ${Math.round(material.bytesPerEvent)} bytes with their action lines`)
    const outcomes: Outcome[] = []
    for (const [index, measure] of interleave(measures, options.rounds).entries()) {
      if (stopRequested()) break
      const measured = await measure(material, outcomes)
      outcomes.push(...measured)
      const figures = measured.map(({ name, eventsPerSecond }) => `${name}: ${Math.round(eventsPerSecond)}/s`)
      say(`${index + 1}/${measures.length * options.rounds}  ${figures.join('; ')}`)
    }
    report(options.results, mix, material, outcomes)
  }
}

/**
 * Publishes and stores trial documents until the JVMs of Pulsar and Elasticsearch have compiled what they need, each for so
 * many seconds; no line shall pay for that.
 *
 * @returns events a second that Elasticsearch stored at the end.
 */
async function warmUp(lab: Lab, mix: MixName, seconds: number): Promise<number> {
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
