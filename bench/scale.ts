import type { Part } from '../runtime/api/packer.ts'
import { calls, partsOf } from './documents.ts'
import { Filler, fastestTransport } from './fill.ts'
import { type Lab, sourceNames, writeSources } from './lab.ts'
import type { Outcome } from './line.ts'
import { loadApi } from './lines/edge.ts'
import { elasticsearchOf, pulsarOf } from './lines/elasticsearch-alone.ts'
import { drainIntoNothing } from './lines/worker.ts'
import { EVENTS_PER_CALL, makeMaterial } from './material.ts'
import type { BenchOptions } from './options.ts'
import { outcomeOf } from './outcome.ts'
import { Sampler } from './sampler.ts'
import { say } from './say.ts'
import { warmUp } from './warm-up.ts'

const PARTITIONS = [2, 32]
const SOURCES = [1, 100]
/** A short one, which the long one is compared with, and the long one. */
const BACKLOG_EVENTS = [100_000, 1_000_000]
const BACKLOG_SLICES = 5
/** Runs of less are only to see that everything works. */
const SHORT_SECONDS = 2
/** Events of a drain that is not about its length. */
const DRAIN_EVENTS = 300_000

/** Whether the cost of an event grows with the length of the run, the sources, the partitions, the backlog. */
export async function measureScale(lab: Lab, options: BenchOptions): Promise<Outcome[]> {
  const settings = { PULSAR_TRANSPORT: await fastestTransport() }
  const outcomes: Outcome[] = []
  const add = (measured: readonly Outcome[]) => {
    outcomes.push(...measured)
    for (const { name, eventsPerSecond } of measured) say(`${name}: ${Math.round(eventsPerSecond)}/s`)
  }
  await warmUp(lab, 'realistic', options.warmUpSeconds)
  const shrink = options.storeSeconds < SHORT_SECONDS ? 10 : 1
  for (let round = 0; round < options.rounds; round += 1) {
    for (const count of SOURCES) add([await withSources(lab, settings, count, options)])
    for (const count of PARTITIONS) add([await withPartitions(lab, settings, count, DRAIN_EVENTS / shrink)])
  }
  for (const events of BACKLOG_EVENTS) add(await withBacklog(lab, settings, events / shrink))
  return outcomes
}

type Settings = Readonly<Record<string, string>>

/** The edge with 20 events a call, whose calls come from that many sources. */
async function withSources(lab: Lab, settings: Settings, count: number, options: BenchOptions): Promise<Outcome> {
  const sources = sourceNames(count)
  const calls = makeMaterial(lab, 'realistic', EVENTS_PER_CALL).edgeRequests(20, sources)
  const sourcesFile = writeSources(lab.servers.folder, sources)
  const name = `edge, 20 events a call, ${count} source${count === 1 ? '' : 's'}`
  return loadApi(lab, { ...settings, SOURCES_FILE: sourcesFile }, name, calls, options.edgeSeconds)
}

/** A worker before the null sink, with a topic of that many partitions. */
async function withPartitions(lab: Lab, settings: Settings, count: number, events: number): Promise<Outcome> {
  const topic = `partitions-${count}`
  const config = await lab.withTopic(topic, count)
  const filler = await Filler.open(config)
  await filler.fill(madeParts(lab, events))
  await filler.close()
  const outcome = await drainIntoNothing(
    lab,
    { ...settings, PULSAR_FUNCTION_TOPIC: topic, PULSAR_PARTITIONS: String(count) },
    events,
  )
  return { ...outcome, name: `null sink, ${count} partition${count === 1 ? '' : 's'}` }
}

/** A backlog that is drained into Elasticsearch, in slices: the last must be as fast and as cheap as the first. */
async function withBacklog(lab: Lab, settings: Settings, events: number): Promise<Outcome[]> {
  await lab.emptyIndices()
  const filler = await Filler.open(lab.config)
  await filler.fill(madeParts(lab, events))
  await filler.close()
  const child = await lab.start('worker', settings)
  const watched = [{ name: 'worker', group: child.pid }, pulsarOf(lab), elasticsearchOf(lab)]
  const samples = await new Sampler(lab.stored, watched).until(events)
  await child.stop()
  const slice = events / BACKLOG_SLICES
  return Array.from({ length: BACKLOG_SLICES }, (_, index) => {
    const bounds = { from: Math.max(1, index * slice), to: Math.min((index + 1) * slice, events - 1000) }
    const within = samples.filter((sample) => sample.events >= bounds.from)
    return outcomeOf(`backlog of ${events}, part ${index + 1} of ${BACKLOG_SLICES}`, within, bounds)
  })
}

/** Composed as they are needed: a million of them would not fit into memory. */
function* madeParts(lab: Lab, events: number): Generator<Part> {
  const compose = partsOf(lab.config)
  const sources = sourceNames(1)
  for (const call of calls({ mix: 'realistic', events, eventsPerCall: EVENTS_PER_CALL, sources })) {
    yield* compose(call, Date.now())
  }
}
