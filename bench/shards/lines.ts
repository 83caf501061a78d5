import { settings as runtimeSettings } from '../../runtime/config.ts'
import type { Transport } from '../../runtime/queue/port.ts'
import { calls as callsOf, type MixName } from '../documents.ts'
import { type Checkout, type Lab, sourceNames } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { elasticsearchOf, pulsarOf, whileStoring } from '../lines/elasticsearch-alone.ts'
import { trackRequest } from '../load/connection.ts'
import { Load, type Prepared } from '../load/load.ts'
import { EVENTS_PER_BULK, EVENTS_PER_CALL, type Material, postBulks } from '../material.ts'
import { outcomeOf } from '../outcome.ts'
import { Sampler } from '../sampler.ts'
import { percentile } from '../statistics.ts'
import { bulksByShard } from './bulks-by-shard.ts'
import { StoredTimes } from './stored-times.ts'

const IN_FLIGHT = 2

/**
 * Elasticsearch alone, with bulks that are each for one shard only.
 *
 * @throws Error when a shard has got other documents than was predicted: then bulks were for several shards.
 */
export async function ceilingByShard(
  lab: Lab,
  { bulks, events }: Material,
  shards: number,
  lastBulks: number,
): Promise<Outcome[]> {
  const sorted = bulksByShard(bulks, EVENTS_PER_BULK, shards)
  const post = () => postBulks(lab.servers.elasticsearch.url, sorted.bulks, IN_FLIGHT)
  const name = `ceiling by shard, ${IN_FLIGHT} in flight`
  const outcome = await whileStoring(lab, name, events, [], post, lastBulks)
  const found = await documentsOfShards(lab)
  if (found.join() !== sorted.documents.join()) {
    throw new Error(`the shards have ${found.join(', ')} documents; predicted were ${sorted.documents.join(', ')}`)
  }
  return [outcome]
}

async function documentsOfShards(lab: Lab): Promise<number[]> {
  const stats = await lab.search.indices.stats({ index: lab.eventIndex, metric: 'docs', level: 'shards' })
  const shards = Object.entries(stats.indices?.[lab.eventIndex]?.shards ?? {})
  return shards
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, copies]) => (copies as { docs?: { count: number } }[])[0]?.docs?.count ?? 0)
}

/** Calls for which all programs get used to the rate, and those that are measured. */
const LOW_LOAD = { warmUpSeconds: 5, seconds: 10, connections: 8 }
/** Maximum wait for what was measured to be stored, with the load continuing: more than `BULK_TIMEOUT_SECONDS` has by default. */
const LAST_STORED_SECONDS = 60

/**
 * How long an event waits from its receipt until it is stored, at a low load and with the default `BULK_TIMEOUT_SECONDS`. The load
 * continues until all events of the measurement are stored, so that none of them waits for a bulk that nothing fills.
 */
export async function storedTime(
  lab: Lab,
  transport: Transport['name'],
  { mix }: Material,
  eventsPerSecond: number,
  from?: Checkout,
): Promise<Outcome[]> {
  await lab.emptyIndices()
  const times = await StoredTimes.listen(lab.servers.elasticsearch.url)
  const api = await lab.start('api', { PULSAR_TRANSPORT: transport }, from)
  const timeout = String(runtimeSettings.bulkTimeoutSeconds.default)
  const own = { PULSAR_TRANSPORT: transport, ELASTIC_HOST: times.url, BULK_TIMEOUT_SECONDS: timeout }
  const worker = await lab.start('worker', own, from)
  const programs = [
    { name: 'api', group: api.pid },
    { name: 'worker', group: worker.pid },
  ]
  const load = await Load.open(lab.config.publicPort, LOW_LOAD.connections)
  const sampler = new Sampler(() => load.answered, [...programs, pulsarOf(lab), elasticsearchOf(lab)])
  const waitsMs = await waitsAtLowLoad({ load, times, sampler, mix, callsPerSecond: eventsPerSecond / EVENTS_PER_CALL })
  load.close()
  await api.stop()
  await worker.stop()
  times.close()
  await lab.emptyTopic()
  const outcome = outcomeOf('receipt to stored at 10 % load', sampler.samples, {
    from: 0,
    to: sampler.samples.at(-1)?.events ?? 0,
  })
  return [{ ...outcome, latencyMs: { p50: percentile(waitsMs, 0.5), p99: percentile(waitsMs, 0.99) } }]
}

interface LowLoad {
  readonly load: Load
  readonly times: StoredTimes
  readonly sampler: Sampler
  readonly mix: MixName
  readonly callsPerSecond: number
}

/** The waits of the events that count, in milliseconds; the sampler has their begin and their end. */
async function waitsAtLowLoad({ load, times, sampler, mix, callsPerSecond }: LowLoad): Promise<number[]> {
  const ofSeconds = (seconds: number) => callsWithIds(mix, Math.max(1, Math.round(callsPerSecond * seconds)))
  await load.sendPaced(ofSeconds(LOW_LOAD.warmUpSeconds), callsPerSecond)
  const measured = ofSeconds(LOW_LOAD.seconds)
  const receiptsMs: number[] = []
  await sampler.take()
  await load.sendPaced(measured, callsPerSecond, (index) => {
    receiptsMs[index] = performance.now()
  })
  await sampler.take()
  const isStored = () => measured.every(({ ids }) => ids.every((id) => times.atMs.has(id)))
  for (let second = 0; second < LAST_STORED_SECONDS && !isStored(); second += 1) {
    await load.sendPaced(ofSeconds(1), callsPerSecond)
  }
  return measured.flatMap(({ ids }, index) => ids.map((id) => waitMs(id, receiptsMs[index], times)))
}

/** It may be stored before the client has its answer; then it did not wait. */
function waitMs(id: string, receiptMs: number | undefined, times: StoredTimes): number {
  const storedMs = times.atMs.get(id)
  if (storedMs === undefined || receiptMs === undefined) {
    throw new Error(`event ${id} was not stored within ${LAST_STORED_SECONDS} s`)
  }
  return Math.max(0, storedMs - receiptMs)
}

function callsWithIds(mix: MixName, count: number): (Prepared & { readonly ids: readonly string[] })[] {
  const shape = { mix, events: count * EVENTS_PER_CALL, eventsPerCall: EVENTS_PER_CALL, sources: sourceNames(1) }
  return [...callsOf(shape)].map((call) => ({
    request: trackRequest(JSON.stringify(call)),
    events: call.events.length,
    ids: call.events.map(({ id }) => id),
  }))
}
