import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../runtime/config.ts'
import { periodOf } from '../../runtime/search/indices.ts'
import { type Template, templatesOf } from '../../runtime/search/templates.ts'
import type { Call } from '../../runtime/send/generate.ts'
import { bulkBodies, calls, type MixName, partsOf } from '../documents.ts'
import { interleave } from '../interleave.ts'
import { EVENTS_PER_BULK, EVENTS_PER_CALL, postBulks } from '../material.ts'
import type { BenchOptions } from '../options.ts'
import { Sampler } from '../sampler.ts'
import { say } from '../say.ts'
import { type SearchServer, startSearchServer } from '../servers.ts'
import { median } from '../statistics.ts'
import { stopRequested } from '../stop-request.ts'
import { cpuMicrosPerEvent, eventsPerSecond } from '../window.ts'
import { type MappingFacts, reportMapping, type VariantOutcome } from './report.ts'
import { type Content, comparisons, type Variant } from './variants.ts'

/** With fewer, a bulk or two more or less would show. */
const EVENTS = 40_000
const QUICK_EVENTS = 10_000
/** Shorter runs are only to see that everything works. */
const SHORT_SECONDS = 2
const IN_FLIGHT = 2
const POLL_MS = 50
/** What is read of an index in the end: one document of each bulk, in groups, several times. */
const READ_DOCUMENTS = 50
const SEARCHES = 20

/** A call is taken so long after the one before: times that all lie within a second would take no room. */
const CALL_EVERY_MS = 60
/** Its events happened at different times before. */
const EVENT_EVERY_MS = 437

/** What each field, the codec and the refresh interval cost Elasticsearch: CPU time and disk for an event. */
export async function measureMapping(options: BenchOptions): Promise<void> {
  say('Starting Elasticsearch …')
  const server = await startSearchServer(say)
  try {
    await measureOn(server, options)
  } finally {
    await server.stop()
  }
}

async function measureOn(server: SearchServer, options: BenchOptions): Promise<void> {
  const lab = new MappingLab(server, options)
  const tables = comparisons(templatesOf(lab.config)[0] as Template)
  const variants = tables.flatMap((table) => table.variants)
  await lab.warmUp(variants[0] as Variant, options.warmUpSeconds)
  const outcomes: VariantOutcome[] = []
  const measurements = interleave(variants, options.rounds)
  for (const [index, variant] of measurements.entries()) {
    if (stopRequested()) break
    const outcome = await lab.measure(variant)
    outcomes.push(outcome)
    const { name, cpuMicros, mergedBytes } = outcome
    say(`${index + 1}/${measurements.length}  ${name}: ${cpuMicros.toFixed(1)} µs, ${Math.round(mergedBytes)} bytes`)
  }
  await lab.close()
  reportMapping(options.results, tables, outcomes, lab.facts)
}

/** One Elasticsearch, one index that is made again for each variant, and the documents that all of them store. */
class MappingLab {
  readonly config = loadConfig({ ELASTIC_INDEX_PREFIX: 'bench', ELASTIC_INDEX_REPLICAS: '0' })
  readonly #server: SearchServer
  readonly #client: Client
  readonly #index = `bench-event-${periodOf(Date.now(), this.config.eventPartitioning)}`
  readonly #bulks = new Map<MixName, readonly Buffer[]>()
  readonly #events: number

  constructor(server: SearchServer, options: BenchOptions) {
    this.#server = server
    this.#client = new Client({ node: server.elasticsearch.url })
    this.#events = options.events ?? (options.storeSeconds < SHORT_SECONDS ? QUICK_EVENTS : EVENTS)
  }

  get facts(): MappingFacts {
    const sizeOf = (bulks: readonly Buffer[]) => bulks.reduce((sum, body) => sum + body.length, 0) / this.#events
    const sizes = [...this.#bulks].map(([mix, bulks]) => [mix, Math.round(sizeOf(bulks))])
    return { events: this.#events, bytesPerEvent: Object.fromEntries(sizes) }
  }

  /** Stores the documents over and over until the JVM has compiled what it needs. */
  async warmUp(variant: Variant, seconds: number): Promise<void> {
    const endMs = performance.now() + seconds * 1000
    do {
      await this.measure(variant)
    } while (performance.now() < endMs && !stopRequested())
  }

  /** CPU time counts until everything is searchable and no merge is left: an interval must not move its cost behind the end. */
  async measure({ name, mix, content, eventsPerSecond: pace }: Variant): Promise<VariantOutcome> {
    const bulks = this.#bulksOf(mix)
    await this.#emptyIndex(content)
    const { url, pid } = this.#server.elasticsearch
    const sampler = new Sampler(() => this.#stored(), [{ name: 'elasticsearch', group: pid }])
    const first = await sampler.take()
    await postBulks(url, bulks, IN_FLIGHT, pace)
    const sent = await sampler.take()
    await this.#settle()
    const last = await sampler.take()
    await this.#assertStored()
    const asWrittenBytes = await this.#storedBytes()
    await this.#client.indices.forcemerge({ index: this.#index, max_num_segments: 1 })
    await this.#client.indices.refresh({ index: this.#index })
    const micros = cpuMicrosPerEvent({ first, last })
    return {
      name,
      eventsPerSecond: eventsPerSecond({ first, last: sent }),
      cpuMicros: micros['elasticsearch'] ?? Number.NaN,
      elsewhereMicros: micros['elsewhere'] ?? Number.NaN,
      asWrittenBytes: asWrittenBytes / this.#events,
      mergedBytes: (await this.#storedBytes()) / this.#events,
      readMs: await this.#readMs(bulks),
    }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  #bulksOf(mix: MixName): readonly Buffer[] {
    const known = this.#bulks.get(mix)
    if (known !== undefined) return known
    const compose = partsOf(this.config)
    const made = [...calls({ mix, events: this.#events, eventsPerCall: EVENTS_PER_CALL, sources: ['source-0'] })]
    const startMs = Date.now() - made.length * CALL_EVERY_MS
    const parts = made.flatMap((call, number) => {
      const nowMs = startMs + number * CALL_EVERY_MS
      return compose(createdBefore(call, nowMs), nowMs)
    })
    const bulks = bulkBodies(parts, EVENTS_PER_BULK, false)
    this.#bulks.set(mix, bulks)
    return bulks
  }

  async #emptyIndex({ settings, properties }: Content): Promise<void> {
    const index = this.#index
    await this.#client.indices.delete({ index, ignore_unavailable: true })
    await this.#client.indices.create({
      index,
      // Without it Elasticsearch answers the size that the index had up to 10 s before.
      settings: { index: { ...settings, store: { stats_refresh_interval: '0s' } } as never },
      mappings: { dynamic: 'strict', properties: properties as never },
      wait_for_active_shards: 1,
    })
  }

  /** Documents that lie far from each other, so that none is decompressed with another. */
  async #readMs(bulks: readonly Buffer[]): Promise<number> {
    const times: number[] = []
    for (let search = 0; search < SEARCHES; search += 1) {
      const values = bulks.flatMap((body) => idAt(body, search) ?? []).slice(0, READ_DOCUMENTS)
      const startMs = performance.now()
      const { hits } = await this.#client.search({
        index: this.#index,
        size: values.length,
        query: { ids: { values } },
      })
      times.push((performance.now() - startMs) / hits.hits.length)
    }
    return median(times) * READ_DOCUMENTS
  }

  async #settle(): Promise<void> {
    await this.#client.indices.refresh({ index: this.#index })
    while ((await this.#stats('merge')).merges?.current !== 0) await sleep(POLL_MS)
  }

  async #assertStored(): Promise<void> {
    const { count } = await this.#client.count({ index: this.#index })
    if (count !== this.#events) throw new Error(`${this.#events} events were sent, and ${count} documents exist`)
  }

  async #stored(): Promise<number> {
    return (await this.#stats('indexing')).indexing?.index_total ?? 0
  }

  async #storedBytes(): Promise<number> {
    return (await this.#stats('store')).store?.size_in_bytes ?? Number.NaN
  }

  async #stats(metric: 'indexing' | 'merge' | 'store') {
    const stats = await this.#client.indices.stats({ index: this.#index, metric })
    return stats._all.primaries ?? {}
  }
}

/** The `_id` of the operation at this position of a bulk. */
function idAt(body: Buffer, position: number): string | undefined {
  return body
    .toString('latin1')
    .split('\n')
    [position * 2]?.match(/"_id":"([^"]+)"/)?.[1]
}

function createdBefore(call: Call, nowMs: number): Call {
  const { events } = call
  const createdAt = (index: number) => new Date(nowMs - (events.length - index) * EVENT_EVERY_MS).toISOString()
  return { ...call, events: events.map((event, index) => ({ ...event, time: { create: createdAt(index) } })) }
}
