import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { indicesOf, topicName } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { readBacklog } from '../queue/backlog.ts'
import type { Screen } from '../screen.ts'
import { searchClient, unavailable } from '../search/client.ts'
import { counted } from '../telemetry/format.js'
import { type Curve, dueCalls, type LoadPlan, phaseAt, rampSeconds, seeded } from './calls.ts'
import { compare, newRunKey, type RunKey } from './comparison.ts'
import { countStored, deleteOfRun, readLineBytes, readStored, storedBytesPerEvent, storedIds } from './documents.ts'
import { drive, Meter } from './drive.ts'
import { probe } from './probe.ts'
import { type LoadTest, newLoadTest } from './record.ts'
import { Sampler } from './sampler.ts'
import { bulkSizeOf, readInstances, readNodes } from './samples.ts'
import { progress } from './summary.ts'

export interface LoadTestOptions {
  readonly target: string
  readonly eventsPerSecond: number
  readonly seconds: number
  /** Private listeners of API and workers. */
  readonly metrics: readonly string[]
  readonly source: string
  readonly profiles: number
  /** Events of each call, 1 to 100; 0 for calls of many sizes. */
  readonly eventsPerCall: number
  readonly eventSize: LoadPlan['eventSize']
  readonly seed: number
  readonly connections: number
  readonly retrySeconds: number
  /** How long the backlog may stay without anything being stored before that is given up. */
  readonly drainSeconds: number
  /** Whether what was stored is deleted in the end. */
  readonly clean: boolean
}

/** As many points as a chart can show. */
const MAX_INTERVALS = 120
/** Elasticsearch reports the CPU time of a node with a delay of up to a second. */
const LEAST_INTERVAL_MS = 2000
/** Bodies of some ten kilobytes each, with what carries them: a quarter of a gigabyte. */
const MAX_UNDER_WAY = 10_000

/**
 * Sends the load, waits until all of it is stored, and compares.
 *
 * @param signal ends the load early; what was sent is compared anyway.
 * @throws AppError `targets_differ` when the target is not of the pipeline that is read.
 * @throws AppError when the target, Pulsar or Elasticsearch does not answer at the beginning.
 */
export async function runLoadTest(
  config: Config,
  options: LoadTestOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<LoadTest> {
  const admin = pulsarAdmin(config)
  const search = searchClient(config)
  const topic = topicName(config.pulsarTenant, config.pulsarNamespace, config.pulsarTopic)
  const meter = new Meter()
  const indices = indicesOf(config)
  const run = newRunKey()
  const notes: string[] = []
  try {
    await probe(admin, { run, target: options.target, source: options.source, topic, pulsarApi: config.pulsarApi })
    const before = await readStored(search, indices).catch(unavailable(config))
    const nodes = await nodeSource(search, notes)
    const backlogMessages = async () => (await readBacklog(admin, topic)).total
    const sampler = await Sampler.start(
      { instances: () => readInstances(options.metrics), nodes, backlogMessages },
      meter,
    )
    noteMissing(sampler, notes)
    const startedAt = new Date().toISOString()
    screen.say(`Load test ${run}: ${options.eventsPerSecond} events/s for ${options.seconds} s to ${options.target}`)

    const curve: Curve = { eventsPerSecond: options.eventsPerSecond, seconds: options.seconds }
    const asked = {
      target: options.target,
      eventsPerSecond: options.eventsPerSecond,
      seconds: options.seconds,
      rampSeconds: rampSeconds(curve),
      seed: options.seed,
      profiles: options.profiles,
    }
    const show = (interval: Parameters<typeof progress>[1]) => screen.status(progress(asked, interval))
    await sendLoad({ options, curve, run, meter, sampler, show, signal })
    const stored = () => countStored(search, indices, run)
    const drainSeconds = await drain({ meter, sampler, stored, show, limitSeconds: options.drainSeconds })
    screen.status('')
    screen.say(`Comparing ${counted(meter.accepted.size, 'accepted event')} with what is stored …`)
    const comparison = await compare(run, meter.accepted, storedIds(search, indices, run))
    const lineBytes = await readLineBytes(search, indices, run)
    const after = await readStored(search, indices)
    const sizes = { ...lineBytes, storedBytesPerEvent: storedBytesPerEvent(before, after) }
    if (options.clean) {
      screen.say('Deleting what the load test has stored …')
      await deleteOfRun(search, indices, run)
    }
    const bulkSize = bulkSizeOf(sampler.first.instances) ?? config.bulkSize
    const settings = { bulkSize, indexReplicas: after.copies - 1 }
    const { intervals } = sampler
    const total = meter.total()
    return newLoadTest({ run, startedAt, asked, total, intervals, drainSeconds, comparison, sizes, settings, notes })
  } finally {
    await Promise.all([admin.close(), search.close()])
  }
}

/** If it may not read the nodes, the load test continues without them. */
async function nodeSource(search: Client, notes: string[]) {
  try {
    await readNodes(search)
    return () => readNodes(search)
  } catch (error) {
    notes.push(
      `The nodes of Elasticsearch could not be read (${(error as Error).message}): the privilege "monitor" is needed.`,
    )
    return async () => new Map()
  }
}

function noteMissing({ first }: Sampler, notes: string[]): void {
  const programs = [...first.instances.values()].map(({ program }) => program)
  if (!programs.includes('api')) notes.push('No private listener of an API answered: name them with --metrics.')
  if (!programs.includes('worker')) notes.push('No private listener of a worker answered: name them with --metrics.')
}

interface Sending {
  readonly options: LoadTestOptions
  readonly curve: Curve
  readonly run: RunKey
  readonly meter: Meter
  readonly sampler: Sampler
  readonly show: (interval: LoadTest['intervals'][number]) => void
  readonly signal: AbortSignal
}

async function sendLoad({ options, curve, run, meter, sampler, show, signal }: Sending): Promise<void> {
  const { target, connections, retrySeconds, source, profiles, eventsPerCall, eventSize, seed } = options
  const everyMs = Math.max(LEAST_INTERVAL_MS, (curve.seconds * 1000) / MAX_INTERVALS)
  const over = new AbortController()
  const startedAtMs = performance.now()
  const sampling = (async () => {
    for (let count = 1; !over.signal.aborted; count += 1) {
      const waitMs = Math.max(0, startedAtMs + count * everyMs - performance.now())
      await sleep(waitMs, undefined, { signal: over.signal }).catch(() => undefined)
      show(await sampler.take(phaseAt(curve, (performance.now() - startedAtMs) / 1000)))
    }
  })()
  const calls = dueCalls({ run, source, curve, profiles, eventsPerCall, eventSize }, seeded(seed))
  try {
    await drive(
      calls,
      { target, connections, maxUnderWay: MAX_UNDER_WAY, retryForMs: retrySeconds * 1000 },
      meter,
      signal,
    )
  } finally {
    over.abort()
    await sampling
  }
}

interface Draining {
  readonly meter: Meter
  readonly sampler: Sampler
  readonly stored: () => Promise<number>
  readonly show: Sending['show']
  readonly limitSeconds: number
}

/**
 * Waits until the backlog is empty or, if others keep it filled, until every accepted event is stored.
 *
 * @returns the seconds that it took; `null` when nothing more was stored for too long.
 */
async function drain({ meter, sampler, stored, show, limitSeconds }: Draining): Promise<number | null> {
  const startedAtMs = performance.now()
  let found = -1
  let movedAtMs = startedAtMs
  for (;;) {
    const interval = await sampler.take('drain')
    show(interval)
    const now = performance.now()
    if (interval.backlogMessages === 0) return (now - startedAtMs) / 1000
    const count = await stored().catch(() => found)
    if (count >= meter.accepted.size) return (now - startedAtMs) / 1000
    if (count > found) {
      found = count
      movedAtMs = now
    }
    if (now - movedAtMs > limitSeconds * 1000) return null
    await sleep(LEAST_INTERVAL_MS)
  }
}
