import { AppError } from '../errors.ts'
import type { FaultyResult, ItemResult } from './bulk.ts'
import { FLATTENED_DEPTH, UTM_FIELDS } from './templates.ts'

/**
 * A trial asks Elasticsearch whether it would store a document, and stores nothing. It is an `index` action on condition that the
 * document is at a place in the history of its shard where none ever is. Elasticsearch looks at this condition last: after
 * the cluster's blocks, the name of the index or alias, ingest pipelines, routing, the state of the shard, and the mapping. A document
 * that passes all of these is answered with 409 `version_conflict_engine_exception`, and any other answer names what is in its way.
 * In Elasticsearch 9.2: `TransportShardBulkAction.executeBulkItemRequest`, `IndexShard.applyIndexOperation`, `InternalEngine.planIndexingAsPrimary`.
 */

/** A sequence number and a primary term count up from 0, so no document ever has these. */
const NEVER = Number.MAX_SAFE_INTEGER
const CONFLICT = { status: 409, type: 'version_conflict_engine_exception' }

/** Values of each type, nested as deep as the API allows: a mapping that was guessed from other documents refuses them. */
const ANYTHING = { a: [1, 'text', nested(FLATTENED_DEPTH - 2)] }
const MOMENT = '2026-01-01T00:00:00.000Z'
const ID = { id: 'trial' }
const UTM = Object.fromEntries(UTM_FIELDS.map((name) => [name, 'trial']))

const DERIVED = {
  device: {
    brand: 'trial',
    model: 'trial',
    type: 'trial',
    touch: false,
    resolution: 'trial',
    color_depth: 24,
    orientation: 'trial',
  },
  os: { name: 'trial', version: 'trial' },
  app: { type: 'trial', name: 'trial', version: 'trial', language: 'trial', bot: false },
}

/** Has every field that this release writes, with a value that its mapping takes. */
const SAMPLE_EVENT = {
  ...ID,
  type: 'trial',
  name: 'trial',
  metadata: {
    time: { insert: MOMENT, ingest: MOMENT, create: MOMENT, update: MOMENT, original: ANYTHING },
    ip: '192.0.2.1',
  },
  source: ID,
  session: { ...ID, start: MOMENT },
  profile: { ...ID, ids: ['trial'] },
  utm: UTM,
  ...DERIVED,
  hit: { name: 'trial', url: 'trial', referer: 'trial' },
  properties: ANYTHING,
  context: ANYTHING,
  config: ANYTHING,
  request: ANYTHING,
  tags: { values: ['trial'], count: 1 },
}
const SAMPLE_STATE = {
  ...ID,
  ids: ['trial'],
  metadata: { time: { insert: MOMENT, create: MOMENT, update: MOMENT, original: ANYTHING } },
  source: ID,
  session: ID,
  profile: ID,
  utm: UTM,
  ...DERIVED,
  context: ANYTHING,
  properties: ANYTHING,
}
const SAMPLES = { create: `${JSON.stringify(SAMPLE_EVENT)}\n`, index: `${JSON.stringify(SAMPLE_STATE)}\n` }

type Action = keyof typeof SAMPLES

function nested(levels: number): object {
  return levels === 0 ? {} : { a: nested(levels - 1) }
}

/** What the two kinds of document answered in one place: the sample before and after the document in question. */
export interface Trial {
  readonly before: ItemResult
  readonly own: ItemResult
  readonly after: ItemResult
}

const OPERATIONS_OF_A_TRIAL = 3

/**
 * The lines of the trial of an operation, for the same index and `_id`, so the same shard: the sample, the document, the
 * sample again. Elasticsearch takes the operations of a shard one after the other.
 */
export function trialLines(operation: Buffer): Buffer {
  const { kind, text, end } = headOf(operation)
  const action = trialAction(TARGET.exec(text)?.[1] ?? NOWHERE)
  const sample = action + SAMPLES[kind]
  return Buffer.concat([Buffer.from(sample + action), operation.subarray(end), Buffer.from(sample)])
}

/** The lines of the sample alone, for the index of the operation. With an id of its own, because ids may be at fault. */
export function sampleLines(operation: Buffer): Buffer {
  const { kind, text } = headOf(operation)
  return Buffer.from(trialAction(`${INDEX.exec(text)?.[1] ?? NOWHERE},"_id":"trial"`) + SAMPLES[kind])
}

/**
 * The trials in the results of their lines.
 *
 * @throws AppError `search_unavailable` when there are more or fewer results than operations.
 */
export function trialsOf(results: readonly ItemResult[], operations: number): readonly Trial[] {
  if (results.length !== operations * OPERATIONS_OF_A_TRIAL) {
    throw new AppError(
      'search_unavailable',
      `a bulk of ${operations * OPERATIONS_OF_A_TRIAL} operations has ${results.length} results`,
    )
  }
  return Array.from({ length: operations }, (_, index) => {
    const [before, own, after] = results.slice(index * OPERATIONS_OF_A_TRIAL) as [ItemResult, ItemResult, ItemResult]
    return { before, own, after }
  })
}

/**
 * Whether a refused document is at fault: it is refused again between two samples that would be stored in its place. Otherwise the
 * operation waits: with the fault of the sample, or with its own if only the storing itself failed.
 */
export function verdictOf(refusal: FaultyResult, { before, own, after }: Trial): FaultyResult {
  const fault = faultOfSample(before) ?? faultOfSample(after)
  if (fault !== undefined) return fault
  return own.outcome === 'rejected' ? refusal : { ...refusal, outcome: 'retry' }
}

/** Why a sample would not be stored, as a reason to wait; `undefined` when it would be. */
export function faultOfSample(result: ItemResult): FaultyResult | undefined {
  if (result.outcome === 'stored') return DROPPED
  const { outcome, status, fault } = result
  if (status === CONFLICT.status && fault.type === CONFLICT.type) return undefined
  return { outcome: outcome === 'throttled' ? 'throttled' : 'retry', status, fault }
}

/** The condition of a trial never holds, so nothing can be stored: an ingest pipeline drops the document. */
const DROPPED: FaultyResult = {
  outcome: 'retry',
  status: 200,
  fault: { type: 'dropped_by_pipeline', reason: 'an ingest pipeline drops the documents of the index' },
}

const NEWLINE = 0x0a
/** As `documents.ts` writes them. Taken as they are, because Elasticsearch may read more as JSON than we would. */
const INDEX = /^\{"(?:create|index)":(\{"_index":"[^"\\]*")/
const TARGET = /^\{"(?:create|index)":(\{"_index":"[^"\\]*","_id":"(?:[^"\\]|\\.)*")/s

/** The target of an action that names none. Elasticsearch refuses it, and no other operation of the request. */
const NOWHERE = '{"_index":""'

function headOf(operation: Buffer): { kind: Action; text: string; end: number } {
  const end = operation.indexOf(NEWLINE) + 1
  const text = operation.toString('utf8', 0, end)
  return { kind: text.startsWith('{"create"') ? 'create' : 'index', text, end }
}

/** @param target the beginning of its object: index and id. */
function trialAction(target: string): string {
  return `{"index":${target},"if_seq_no":${NEVER},"if_primary_term":${NEVER}}}\n`
}
