import type { Checkout, Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { Load } from '../load/load.ts'
import { EVENTS_PER_BULK, EVENTS_PER_CALL, type Material, WARM_UP_EVENTS } from '../material.ts'
import { LAST_BULKS, outcomeOf, storedBounds } from '../outcome.ts'
import { Sampler } from '../sampler.ts'
import { percentile } from '../statistics.ts'
import { assertStored, elasticsearchOf, pulsarOf } from './elasticsearch-alone.ts'

/**
 * Calls of 50 events, through the API, Pulsar and the worker, until the last one is stored. The clock starts with the first
 * call after the warm-up, and stops when all but the last two bulks are stored, not with the last answer.
 */
export async function chain(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  material: Material,
  { from, lastBulks = LAST_BULKS }: { readonly from?: Checkout; readonly lastBulks?: number } = {},
): Promise<Outcome[]> {
  const { requests, events, warmUp } = material
  const all = WARM_UP_EVENTS + events
  await lab.emptyIndices()
  const api = await lab.start('api', settings, from)
  const worker = await lab.start('worker', settings, from)
  const watched = [
    { name: 'api', group: api.pid },
    { name: 'worker', group: worker.pid },
    pulsarOf(lab),
    elasticsearchOf(lab),
  ]
  const sampler = new Sampler(lab.stored, watched)
  const load = await Load.open(lab.config.publicPort)
  await Promise.all([load.sendAll(warmUp.requests), sampler.until(WARM_UP_EVENTS)])
  sampler.samples.length = 0
  await sampler.take()
  await Promise.all([load.sendAll(requests), sampler.until(all)])
  load.close()
  await api.stop()
  await worker.stop()
  await assertStored(lab, all)
  const bounds = { ...storedBounds(events, EVENTS_PER_BULK, WARM_UP_EVENTS, lastBulks), from: WARM_UP_EVENTS }
  return [outcomeOf('chain', sampler.samples, bounds)]
}

/** Calls for which all programs get used to the rate, and those that are measured. */
const HALF_LOAD = { warmUpSeconds: 8, seconds: 12 }

/**
 * How long calls of 50 events wait for their answer while API, Pulsar, worker and Elasticsearch do half of what the chain
 * can do on this machine.
 */
export async function latency(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  material: Material,
  chainEventsPerSecond: number,
): Promise<Outcome[]> {
  const callsPerSecond = chainEventsPerSecond / 2 / EVENTS_PER_CALL
  const firstCall = Math.round(callsPerSecond * HALF_LOAD.warmUpSeconds)
  const count = firstCall + Math.round(callsPerSecond * HALF_LOAD.seconds)
  const calls = material.otherRequests(count * EVENTS_PER_CALL)
  await lab.emptyIndices()
  const api = await lab.start('api', settings)
  const worker = await lab.start('worker', settings)
  const load = await Load.open(lab.config.publicPort)
  const sampler = new Sampler(
    () => load.answered,
    [{ name: 'api', group: api.pid }, { name: 'worker', group: worker.pid }, pulsarOf(lab), elasticsearchOf(lab)],
  )
  await load.sendPaced(calls.slice(0, firstCall), callsPerSecond)
  await sampler.take()
  const latenciesMs = await load.sendPaced(calls.slice(firstCall), callsPerSecond)
  await sampler.take()
  load.close()
  await api.stop()
  await worker.stop()
  await lab.emptyTopic()
  const outcome = outcomeOf('/track at half load', sampler.samples, { from: 0, to: load.answered })
  return [{ ...outcome, latencyMs: { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) } }]
}
