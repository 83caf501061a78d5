import type { Client } from '@elastic/elasticsearch'
import type { Indices } from '../names.ts'
import { createAction, eventIdOf, sourceSuffix, stateLines } from '../search/documents.ts'
import type { RunKey } from './comparison.ts'
import { probeMark } from './probe.ts'

/** Ids in one answer; `index.max_result_window` of Elasticsearch is 10,000. */
const PAGE = 10_000
const KEEP_ALIVE = '2m'
const SAMPLE = 500

/** The mark of the events of a load test. */
function ofRun(run: RunKey) {
  return { term: { 'properties.loadTest': run } }
}

/** Those that it has stored besides. */
function ofProbe(run: RunKey) {
  return { term: { 'properties.loadTest': probeMark(run) } }
}

function statesOfRun(run: RunKey) {
  return { prefix: { id: `load-test-${run}-` } }
}

/** Counts also what no search would find yet. */
export async function countStored(client: Client, { allEvents }: Indices, run: RunKey): Promise<number> {
  await client.indices.refresh({ index: allEvents, allow_no_indices: true })
  const { count } = await client.count({ index: allEvents, query: ofRun(run) as never, allow_no_indices: true })
  return count
}

/** The ids of all stored events of a load test, each as often as it is stored. */
export async function* storedIds(client: Client, { allEvents }: Indices, run: RunKey): AsyncGenerator<string> {
  for await (const page of pagesOf(client, allEvents, ofRun(run))) for (const { _id } of page) yield eventIdOf(_id)
}

interface Found {
  readonly _index: string
  readonly _id: string
}

/** Everything that a query finds at one moment, page by page, without the documents themselves. */
async function* pagesOf(client: Client, index: string, query: object): AsyncGenerator<readonly Found[]> {
  await client.indices.refresh({ index, allow_no_indices: true, ignore_unavailable: true })
  const { id } = await client.openPointInTime({ index, keep_alive: KEEP_ALIVE, ignore_unavailable: true })
  let after: unknown[] | undefined
  try {
    for (;;) {
      const answer = await client.search({
        pit: { id, keep_alive: KEEP_ALIVE },
        query,
        size: PAGE,
        sort: [{ _shard_doc: 'asc' }],
        track_total_hits: false,
        _source: false,
        filter_path: ['hits.hits._index', 'hits.hits._id', 'hits.hits.sort'],
        ...(after ? { search_after: after } : {}),
      } as never)
      const hits = (answer.hits?.hits ?? []) as (Found & { sort: unknown[] })[]
      if (hits.length > 0) yield hits
      if (hits.length < PAGE) return
      after = hits.at(-1)?.sort
    }
  } finally {
    await client.closePointInTime({ id })
  }
}

/** Bytes and documents of the primary shards of the event indices. */
export interface Stored {
  readonly bytes: number
  readonly documents: number
  /** Copies of each document, the primary one among them. */
  readonly copies: number
}

export async function readStored(client: Client, { allEvents }: Indices): Promise<Stored> {
  await client.indices.refresh({ index: allEvents, allow_no_indices: true })
  const { _all } = await client.indices.stats({ index: allEvents, metric: ['store', 'docs'] })
  const documents = _all.primaries?.docs?.count ?? 0
  const copies = documents === 0 ? 1 : Math.round((_all.total?.docs?.count ?? documents) / documents)
  return { bytes: _all.primaries?.store?.size_in_bytes ?? 0, documents, copies }
}

/** Deletes what a load test has stored, by the ids that it finds. Needs no more rights than storing it did. */
export async function deleteOfRun(
  client: Client,
  { allEvents, session, profile }: Indices,
  run: RunKey,
): Promise<void> {
  const stored = [
    [allEvents, ofRun(run)],
    [allEvents, ofProbe(run)],
    [session, statesOfRun(run)],
    [profile, statesOfRun(run)],
  ] as const
  for (const [index, query] of stored) {
    for await (const page of pagesOf(client, index, query)) {
      await client.bulk({ operations: page.map(({ _index, _id }) => ({ delete: { _index, _id } })) })
    }
  }
}

interface Hit {
  readonly _index: string
  readonly _source: Readonly<Record<string, unknown>>
}

/** Mean bytes of what the pipeline adds to an event, and of a state, as they are on the queue; `undefined` of none. */
export async function readLineBytes(
  client: Client,
  indices: Indices,
  run: RunKey,
): Promise<{ overheadBytesPerEvent: number | undefined; stateBytes: number | undefined }> {
  const sample = async (index: string | string[], query: object) => {
    const answer = await client.search({ index, size: SAMPLE, query, ignore_unavailable: true } as never)
    return answer.hits.hits as unknown as readonly Hit[]
  }
  const events = await sample(indices.allEvents, ofRun(run))
  const states = await sample([indices.session, indices.profile], statesOfRun(run))
  return {
    overheadBytesPerEvent: mean(events.map(overheadOf)),
    stateBytes: mean(states.map(({ _index, _source }) => byteLength(stateLines(_index, _source as never, Date.now())))),
  }
}

/** What the stored lines of an event have beyond what its client sent. */
export function overheadOf({ _index, _source }: Hit): number {
  const { id, type, properties, context, metadata, source } = _source
  const { create } = (metadata as { time: { create?: string } }).time
  const sent = JSON.stringify({ id, type, time: { create }, properties, context })
  const documentId = JSON.stringify(`${id}${sourceSuffix((source as { id: string }).id)}`)
  const stored = `${createAction(_index, documentId)}${JSON.stringify(_source)}\n`
  return byteLength(stored) - byteLength(sent)
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

type Grown = Pick<Stored, 'bytes' | 'documents'>

/** Minimum growth for measuring the size of a document; fewer documents are mostly the overhead of their segments. */
const LEAST_DOCUMENTS = 10_000

export function storedBytesPerEvent(before: Grown, after: Grown): number | undefined {
  const documents = after.documents - before.documents
  return documents < LEAST_DOCUMENTS ? undefined : (after.bytes - before.bytes) / documents
}
