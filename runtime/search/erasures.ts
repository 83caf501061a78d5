import { hash } from 'node:crypto'
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Config, SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { indicesOf } from '../names.ts'
import { unlessThere } from './upkeep.ts'

/**
 * The record of erased profiles: one index, with a document for each profile. Its id is a hash, so the record does not repeat the
 * id that was to be erased. Workers read it before they store (docs/adr/0022).
 */

/** How old the list of a process may be when it sends a bulk, in milliseconds. */
export const MAX_LIST_AGE_MS = 5000
/** The whole list is read so often, because what was deleted from it is in no change. */
const WHOLE_EVERY_MS = 10 * 60_000
const PAGE = 1000
const WRITE_ATTEMPTS = 5

/** Names a profile in the record. Another installation has another hash for it. */
export function profileHash({ indexPrefix }: Pick<Config, 'indexPrefix'>, profileId: string): string {
  return hash('sha256', `erased profile of ${indexPrefix}\0${profileId}`, 'base64url')
}

/** For each erased profile, by its hash, when the erasure was lifted in milliseconds since the epoch; `Infinity` if it was not. */
export type ErasedProfiles = ReadonlyMap<string, number>

/** What a process knows of the record, read again when it is older than `MAX_LIST_AGE_MS`. */
export class Erasures {
  readonly #client: Client
  readonly #index: string
  readonly #nowMs: () => number
  #profiles = new Map<string, number>()
  #readAtMs = Number.NEGATIVE_INFINITY
  #readWholeAtMs = Number.NEGATIVE_INFINITY
  /** The last change that is known: Elasticsearch numbers them, and the index has one shard. */
  #lastChange = -1
  #reading: Promise<void> | undefined

  /** @param nowMs a clock in milliseconds */
  constructor(client: Client, config: Pick<Config, 'indexPrefix'>, nowMs: () => number) {
    this.#client = client
    this.#index = indicesOf(config).erasures
    this.#nowMs = nowMs
  }

  /** @throws what the client throws: who cannot read the record must store nothing. */
  async current(): Promise<ErasedProfiles> {
    if (this.#nowMs() - this.#readAtMs > MAX_LIST_AGE_MS) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    }
    return this.#profiles
  }

  async #read(): Promise<void> {
    const startedAtMs = this.#nowMs()
    const isWhole = startedAtMs - this.#readWholeAtMs > WHOLE_EVERY_MS
    const profiles = isWhole ? new Map<string, number>() : this.#profiles
    let lastChange = isWhole ? -1 : this.#lastChange
    for (;;) {
      const hits = await this.#changesAfter(lastChange)
      for (const { _id, _source, sort } of hits) {
        profiles.set(String(_id), liftedAtMs(_source))
        lastChange = Number(sort?.[0])
      }
      if (hits.length < PAGE) break
    }
    this.#profiles = profiles
    this.#lastChange = lastChange
    this.#readAtMs = startedAtMs
    if (isWhole) this.#readWholeAtMs = startedAtMs
  }

  async #changesAfter(change: number): Promise<readonly estypes.SearchHit<ErasureRecord>[]> {
    const answer = await this.#client.search<ErasureRecord>(
      {
        index: this.#index,
        query: { range: { _seq_no: { gt: change } } },
        sort: [{ _seq_no: 'asc' }],
        size: PAGE,
        _source: ['lifted_at'],
        track_total_hits: false,
        allow_partial_search_results: false,
      },
      { ignore: [404] },
    )
    // Without `hits` there is no such index, because nothing was ever erased.
    return answer.hits?.hits ?? []
  }
}

function liftedAtMs(record: ErasureRecord | undefined): number {
  return record?.lifted_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.lifted_at)
}

/** One call of the command. Times are ISO 8601. */
export interface ErasureRun {
  readonly started_at: string
  /** Missing while it runs, and if it did not come to its end. */
  readonly ended_at?: string
  readonly by: string
  readonly action: 'erase' | 'lift'
  readonly events?: number
  readonly sessions?: number
  readonly profiles?: number
  readonly dead_letters?: number
}

/** What the record says of one profile. */
export interface ErasureRecord {
  /** When it was erased first. */
  readonly erased_at: string
  readonly lifted_at?: string
  readonly runs: readonly ErasureRun[]
}

/**
 * Changes the record of a profile, and waits until every search finds it.
 *
 * @param change receives what the record says, and answers what it is to say.
 * @throws AppError `search_unavailable` when others keep changing it; and what the client throws.
 */
export async function writeErasure(
  client: Client,
  config: SharedConfig,
  profile: string,
  change: (found: ErasureRecord | undefined) => ErasureRecord,
): Promise<ErasureRecord> {
  const index = indicesOf(config).erasures
  await createIndex(client, index, config)
  for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
    const found = await client.get<ErasureRecord>({ index, id: profile }, { ignore: [404] })
    const document = change(found._source)
    const condition =
      found._source === undefined
        ? { op_type: 'create' as const }
        : { if_seq_no: found._seq_no as number, if_primary_term: found._primary_term as number }
    const written = await client.index({ index, id: profile, document, refresh: true, ...condition }, { ignore: [409] })
    if (written.result !== undefined) return document
  }
  throw new AppError('search_unavailable', 'the record of the profile was changed by others at the same time')
}

function createIndex(client: Client, index: string, { indexReplicas }: SharedConfig): Promise<void> {
  const created = client.indices.create({
    index,
    // One shard, so that its changes are numbered in one order.
    settings: { number_of_shards: 1, number_of_replicas: indexReplicas },
    mappings: {
      dynamic: 'strict',
      properties: {
        erased_at: { type: 'date' },
        lifted_at: { type: 'date' },
        runs: { type: 'object', enabled: false },
      },
    },
  })
  return unlessThere(created)
}
