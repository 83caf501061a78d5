import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import type { FaultyResult, ItemResult, SendBulk } from './bulk.ts'
import { pairs } from './documents.ts'
import { type ErasedProfiles, type Erasures, profileHash } from './erasures.ts'

const ERASED: FaultyResult = {
  outcome: 'erased',
  status: 0,
  fault: { type: 'profile_erased', reason: 'the profile was erased' },
}

/**
 * Sends a bulk without the operations of erased profiles, each of which has the outcome `erased`. Without erasures it costs
 * one small search every few seconds.
 */
export function erasingSender(
  send: SendBulk,
  erasures: Pick<Erasures, 'current'>,
  config: Pick<Config, 'indexPrefix'>,
): SendBulk {
  const profileIn = profileReader(config)
  return async (lines) => {
    const erased = await erasures.current()
    if (erased.size === 0) return send(lines)
    const isErased = erasedBy(erased, config, profileIn)
    const operations = [...pairs(lines)].map((operation) => ({ operation, isErased: isErased(operation) }))
    const kept = operations.filter((one) => !one.isErased)
    if (kept.length === operations.length) return send(lines)
    const results = kept.length === 0 ? [] : await send(Buffer.concat(kept.map(({ operation }) => operation)))
    // The caller sends a bulk in halves if it does not have a result for each operation.
    if (results.length !== kept.length) return []
    let next = 0
    return operations.map((one) => (one.isErased ? ERASED : (results[next++] as ItemResult)))
  }
}

/** @returns whether an operation is to be erased. Operations of one profile mostly follow each other. */
function erasedBy(
  erased: ErasedProfiles,
  config: Pick<Config, 'indexPrefix'>,
  profileIn: ProfileReader,
): (operation: Buffer) => boolean {
  let last: { readonly profileId: string; readonly liftedAtMs: number | undefined } | undefined
  return (operation) => {
    const found = profileIn(operation)
    if (found === undefined) return false
    const { profileId } = found
    if (last?.profileId !== profileId) last = { profileId, liftedAtMs: erased.get(profileHash(config, profileId)) }
    const { liftedAtMs } = last
    return liftedAtMs !== undefined && isOfProfile(operation, found) && receivedAtMs(operation) < liftedAtMs
  }
}

/** Whom an operation seems to be about. */
export interface FoundProfile {
  readonly profileId: string
  /** Whether it is the state of the profile itself. */
  readonly isState: boolean
}

export type ProfileReader = (operation: Buffer) => FoundProfile | undefined

const QUOTE = 0x22
const BACKSLASH = 0x5c
const PROFILE = Buffer.from(',"profile":{"id":"')

/**
 * Finds the profile of an operation without parsing its document. Before the profile a document has only texts, in which no quote
 * is bare. So the first such member is that of the document, or the document has none and it is in the data of the client.
 */
export function profileReader(config: Pick<Config, 'indexPrefix'>): ProfileReader {
  const state = Buffer.from(`{"index":{"_index":"${indicesOf(config).profile}","_id":"`)
  return (operation) => {
    const isState = operation.subarray(0, state.length).equals(state)
    const member = isState ? 0 : operation.indexOf(PROFILE)
    if (member < 0) return undefined
    const start = member + (isState ? state.length : PROFILE.length)
    let end = start
    while (end < operation.length && operation[end] !== QUOTE) end += operation[end] === BACKSLASH ? 2 : 1
    const profileId = parsed(`"${operation.toString('utf8', start, end)}"`)
    return typeof profileId === 'string' ? { profileId, isState } : undefined
  }
}

/** Whether the document says the same. Only for operations that seem to be of an erased profile. */
export function isOfProfile(operation: Buffer, { profileId, isState }: FoundProfile): boolean {
  const document = documentOf(operation)
  return (isState ? document?.id : document?.profile?.id) === profileId
}

/** When the API has taken it, by the clock of the API. */
function receivedAtMs(operation: Buffer): number {
  const { ingest, update } = documentOf(operation)?.metadata?.time ?? {}
  const time = ingest ?? update
  return time === undefined ? Number.NEGATIVE_INFINITY : Date.parse(time)
}

interface StoredDocument {
  readonly id?: unknown
  readonly profile?: { readonly id?: unknown }
  readonly metadata?: { readonly time?: { readonly ingest?: string; readonly update?: string } }
}

function documentOf(operation: Buffer): StoredDocument | undefined {
  return parsed(operation.toString('utf8').split('\n')[1] ?? '') as StoredDocument | undefined
}

/** `undefined` for what is not JSON. Elasticsearch refuses such a document. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
