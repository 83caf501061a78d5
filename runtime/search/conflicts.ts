import { isDeepStrictEqual } from 'node:util'
import type { Client } from '@elastic/elasticsearch'
import { sourceIdOf } from './documents.ts'

/** An event whose id is stored already, with other content. What was stored first stays. */
export interface Conflict {
  readonly index: string
  readonly id: string
  readonly source: string
}

/** Which of these operations, each answered 409, have another content than what is stored under their id. */
export type FindConflicts = (operations: readonly Buffer[]) => Promise<readonly Conflict[]>

/** Documents compared with one request: some hundred kilobytes each way. */
const DOCUMENTS_AT_ONCE = 500
/** The id keeps the positions: of a document that is gone, nothing else would be left. */
const FILTER = 'docs._id,docs._source'
/** Only statistics wait for the answer, and behind them a message: it must not be long. */
const TIMEOUT_MS = 5000

interface Candidate extends Conflict {
  readonly document: EventDocument
}

/** The document of an event, as far as its client decides it. */
interface EventDocument {
  readonly type?: unknown
  readonly name?: unknown
  readonly properties?: unknown
  readonly context?: unknown
  readonly config?: unknown
  readonly tags?: unknown
  readonly metadata?: { readonly time?: Times & { readonly original?: Times } }
}

interface Times {
  readonly insert?: unknown
  readonly ingest?: unknown
  readonly create?: unknown
  readonly update?: unknown
}

export function conflictFinder(client: Client): FindConflicts {
  return async (operations) => {
    const conflicts: Conflict[] = []
    for (let start = 0; start < operations.length; start += DOCUMENTS_AT_ONCE) {
      const candidates = operations.slice(start, start + DOCUMENTS_AT_ONCE).map(candidateOf)
      const stored = await storedDocuments(client, candidates)
      conflicts.push(
        ...candidates.filter(({ document }, index) => !isSameEvent(document, stored[index])).map(withoutDocument),
      )
    }
    return conflicts
  }
}

function candidateOf(operation: Buffer): Candidate {
  const [action = '', document = ''] = operation.toString('utf8').split('\n')
  const { create } = JSON.parse(action) as { create: { _index: string; _id: string } }
  const source = sourceIdOf(operation)
  return { index: create._index, id: create._id, source, document: JSON.parse(document) as EventDocument }
}

function withoutDocument({ index, id, source }: Candidate): Conflict {
  return { index, id, source }
}

async function storedDocuments(
  client: Client,
  candidates: readonly Candidate[],
): Promise<readonly (EventDocument | undefined)[]> {
  const docs = candidates.map(({ index, id }) => ({ _index: index, _id: id }))
  // As a stream, because the client refuses an answer that has a key `__proto__` in it.
  const answer = (await client.transport.request(
    { method: 'POST', path: '/_mget', querystring: { filter_path: FILTER }, body: { docs } },
    { asStream: true, requestTimeout: TIMEOUT_MS },
  )) as AsyncIterable<Buffer>
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const found = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { docs?: { _source?: EventDocument }[] }
  return candidates.map((_, index) => found.docs?.[index]?._source)
}

/** A document that is gone meanwhile cannot be compared, and counts as the same. */
function isSameEvent(document: EventDocument, stored: EventDocument | undefined): boolean {
  return stored === undefined || isDeepStrictEqual(contentOf(document), contentOf(stored))
}

/**
 * Without what differs between two arrivals of one event: the time of arrival, what it corrects, and ids of session and profile
 * that were made here.
 */
function contentOf({ type, name, properties, context, config, tags, metadata }: EventDocument): unknown[] {
  const { ingest, original, ...times } = metadata?.time ?? {}
  const { insert, create, update } = original ?? times
  return [type, name, properties, context, config, tags, insert === ingest ? undefined : insert, create, update]
}
