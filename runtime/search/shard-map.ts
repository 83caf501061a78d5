import type { Client } from '@elastic/elasticsearch'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { defaultRoutingShards, type Routing, shardOf } from './shard-of.ts'
import { isForbidden } from './upkeep.ts'

/** One lane for the whole index. */
const WHOLE: Routing = { shards: 1, routingShards: 1 }
/** Sample routings for `_search_shards`. A wrong prediction for two shards passes 1 time in 256. */
const SAMPLES = Array.from({ length: 8 }, (_, number) => `sample-${number}`)
const TIMEOUT_MS = 5000
/** Pause after a failure. Without it, each message would send a request. */
const RETRY_MS = 1000

export interface ShardMapOptions {
  readonly client: Client
  /** Resolves when the index exists or cannot be created for now. */
  readonly ensure: (index: string) => Promise<unknown>
  readonly log: Logger
  /** Any clock, in milliseconds. */
  readonly nowMs: () => number
}

/**
 * Knows how each index spreads documents over shards. It reads the metadata of the index and compares the prediction for some ids with
 * the server's answer; an index that does not match gets one lane. It reads again every minute, because an index can be split, shrunk or re-created.
 */
export class ShardMap {
  readonly #options: ShardMapOptions
  readonly #routings = new Map<string, Routing>()
  readonly #reading = new Map<string, Promise<void>>()
  readonly #failedAtMs = new Map<string, number>()

  constructor(options: ShardMapOptions) {
    this.#options = options
  }

  /** `undefined` while it is being read. */
  readonly routingOf = (index: string): Routing | undefined => {
    const known = this.#routings.get(index)
    if (known === undefined) this.#readSoon(index)
    return known
  }

  /** Reads the known indices again and forgets those that are gone. What cannot be read stays as it was. */
  async review(existing: ReadonlySet<string>): Promise<void> {
    for (const index of this.#routings.keys()) {
      if (!existing.has(index)) this.#routings.delete(index)
      else await this.#read(index).catch((error: unknown) => this.#failed(index, error))
    }
  }

  #readSoon(index: string): void {
    const { nowMs } = this.#options
    if (this.#reading.has(index) || nowMs() - (this.#failedAtMs.get(index) ?? Number.NEGATIVE_INFINITY) < RETRY_MS)
      return
    const reading = this.#readNew(index).finally(() => this.#reading.delete(index))
    this.#reading.set(index, reading)
  }

  async #readNew(index: string): Promise<void> {
    const { ensure, nowMs } = this.#options
    try {
      await ensure(index)
      await this.#read(index)
      this.#failedAtMs.delete(index)
    } catch (error) {
      this.#failedAtMs.set(index, nowMs())
      this.#failed(index, error)
    }
  }

  #failed(index: string, error: unknown): void {
    this.#options.log.debug({ index, reason: messageOf(error) }, 'the shards of an index could not be read')
  }

  async #read(index: string): Promise<void> {
    const routing = await this.#verified(index).catch((error: unknown) => {
      if (!isForbidden(error)) throw error
      this.#hasOneLane(index, 'the credentials may not read its shards')
      return WHOLE
    })
    this.#routings.set(index, routing)
  }

  async #verified(index: string): Promise<Routing> {
    const routing = await this.#predicted(index)
    const known = this.#routings.get(index)
    if (known?.shards === routing.shards && known.routingShards === routing.routingShards) return known
    if (routing.shards === 1 || (await this.#matches(index, routing))) return routing
    this.#hasOneLane(index, 'Elasticsearch routes its documents differently')
    return WHOLE
  }

  #hasOneLane(index: string, reason: string): void {
    if (this.#routings.get(index) !== WHOLE)
      this.#options.log.warn({ index, reason }, 'an index has one lane for all its shards')
  }

  async #predicted(index: string): Promise<Routing> {
    const { client } = this.#options
    try {
      const { metadata } = (await client.cluster.state(
        { metric: 'metadata', index, filter_path: FILTER },
        { requestTimeout: TIMEOUT_MS },
      )) as ClusterState
      const found = metadata?.indices?.[index]
      // An alias, or an index that is gone.
      if (found === undefined) return WHOLE
      const { number_of_shards, routing_partition_size = '1' } = found.settings.index
      // It spreads one routing over several shards, of which `_search_shards` answers one.
      if (routing_partition_size !== '1') return WHOLE
      const shards = Number(number_of_shards)
      return { shards, routingShards: found.routing_num_shards }
    } catch (error) {
      if (!isForbidden(error)) throw error
      return this.#predictedWithoutMetadata(index)
    }
  }

  /** For credentials that may not read cluster metadata. The settings lack the routing shards, so the default is assumed. */
  async #predictedWithoutMetadata(index: string): Promise<Routing> {
    const found = await this.#options.client.indices.getSettings(
      { index, filter_path: '*.settings.index.number_of_shards' },
      { requestTimeout: TIMEOUT_MS },
    )
    const shards = Number(found[index]?.settings?.index?.number_of_shards ?? 1)
    return { shards, routingShards: defaultRoutingShards(shards) }
  }

  async #matches(index: string, routing: Routing): Promise<boolean> {
    for (const sample of SAMPLES) {
      const lines = Buffer.from(sample)
      const { shards } = await this.#options.client.searchShards(
        { index, routing: sample, filter_path: 'shards.shard' },
        { requestTimeout: TIMEOUT_MS },
      )
      const [[copy] = []] = shards
      if (copy?.shard !== shardOf(routing, lines, 0, lines.length)) return false
    }
    return true
  }
}

const FILTER = ['routing_num_shards', 'settings.index.number_of_shards', 'settings.index.routing_partition_size']
  .map((field) => `metadata.indices.*.${field}`)
  .join()

interface ClusterState {
  readonly metadata?: {
    readonly indices?: Readonly<
      Record<
        string,
        | {
            routing_num_shards: number
            settings: { index: { number_of_shards: string; routing_partition_size?: string } }
          }
        | undefined
      >
    >
  }
}
