import { type Client, errors, type estypes } from '@elastic/elasticsearch'
import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import type { DeadLetter } from '../queue/dead-letter.ts'
import { type DeadLetterAccess, readDeadLetters } from '../queue/dead-letters.ts'
import { decode } from '../queue/message.ts'
import { Pace } from '../replay/pace.ts'
import { unavailable } from '../search/client.ts'
import { deleteFound, refuse } from '../search/delete-found.ts'
import { pairs } from '../search/documents.ts'
import { isOfProfile, profileReader } from '../search/erased.ts'
import { type ErasureRun, MAX_LIST_AGE_MS, profileHash, writeErasure } from '../search/erasures.ts'

/** Passes over the indices until one finds nothing. More mean that a program which does not know the record stores events. */
const MOST_PASSES = 10
/** Clocks of the machines may differ by so much, in milliseconds. */
const CLOCKS_MS = 5000

export interface EraseAccess {
  readonly config: Config
  readonly search: Client
  /** Opens the dead letters, uses them and closes them. */
  readonly withDeadLetters: <T>(use: (access: DeadLetterAccess) => Promise<T>) => Promise<T>
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** @throws when the signal of the erasure stops it. */
  readonly sleep: (ms: number) => Promise<void>
}

export interface EraseOptions {
  readonly profileId: string
  /** Who erases, for the record. */
  readonly by: string
  /** Maximum rate of deletions. */
  readonly documentsPerSecond: number
}

/** What was deleted. */
export interface Erased {
  events: number
  sessions: number
  profiles: number
  deadLetters: number
}

export interface ErasureReport extends Erased {
  /** The name of the profile in the record. */
  readonly profile: string
  /** Whether nothing of the profile is left. */
  readonly finished: boolean
  readonly passes: number
  /** Documents that Elasticsearch does not delete, by their index, with its reason. */
  readonly kept: readonly Kept[]
  /** Dead letters with its id that have data of others as well, or cannot be read. */
  readonly deadLettersKept: number
}

export interface Kept {
  readonly index: string
  readonly documents: number
  readonly reason: string
}

/**
 * Erases a profile: first it is written into the record, so that nothing of it is stored any more. Then its documents are deleted in all
 * indices, and its dead letters, until nothing is found after the last bulk that was sent without knowing the record.
 *
 * It can be repeated, and continues what was stopped.
 *
 * @param onPhase called with what it does now.
 * @throws AppError `search_unavailable`, `queue_unavailable`, `dead_letters_busy`; what `sleep` throws.
 */
export async function erase(
  access: EraseAccess,
  { profileId, by, documentsPerSecond }: EraseOptions,
  onPhase: (phase: 'deleting' | 'waiting') => void,
): Promise<ErasureReport> {
  const { config, search, nowMs, sleep } = access
  const profile = profileHash(config, profileId)
  const startedAt = isoOf(nowMs())
  const started: ErasureRun = { started_at: startedAt, by, action: 'erase' }
  await writeErasure(search, config, profile, (found) => ({
    erased_at: found?.erased_at ?? startedAt,
    runs: [...(found?.runs ?? []), started],
  })).catch(unavailable(config, 'does not take the record of the erasure'))
  const recordedAtMs = nowMs()
  const pace = new Pace(documentsPerSecond, nowMs)
  const erased: Erased = { events: 0, sessions: 0, profiles: 0, deadLetters: 0 }
  const pass = () => deletePass(access, profileId, erased, pace)
  onPhase('deleting')
  await pass()
  onPhase('waiting')
  await sleep(Math.max(0, recordedAtMs + lastUnknowingBulkMs(config) - nowMs()))
  onPhase('deleting')
  let passes = 1
  let last: Pass
  do {
    last = await pass()
    passes += 1
  } while (last.deleted > 0 && passes < MOST_PASSES)
  const { deadLettersKept } = last
  const kept = [...last.kept.values(), ...(await closedIndices(access))]
  const ended: ErasureRun = {
    ...started,
    ended_at: isoOf(nowMs()),
    events: erased.events,
    sessions: erased.sessions,
    profiles: erased.profiles,
    dead_letters: erased.deadLetters,
  }
  await writeErasure(search, config, profile, (found) => ({
    ...found,
    erased_at: found?.erased_at ?? startedAt,
    runs: [...(found?.runs ?? []).filter(({ started_at }) => started_at !== startedAt), ended],
  })).catch(unavailable(config, 'does not take the record of the erasure'))
  const finished = last.deleted === 0 && kept.length === 0 && deadLettersKept === 0
  return { profile, finished, passes, kept, deadLettersKept, ...erased }
}

/**
 * Lifts an erasure: what the API receives after this call is stored again. What it received before stays erased. It waits until each
 * worker knows that, or a worker could drop what is received now.
 *
 * @returns whether the profile was erased.
 */
export async function lift(
  { config, search, nowMs, sleep }: Omit<EraseAccess, 'withDeadLetters'>,
  { profileId, by }: Pick<EraseOptions, 'profileId' | 'by'>,
): Promise<boolean> {
  const index = indicesOf(config).erasures
  const profile = profileHash(config, profileId)
  const known = await search.get({ index, id: profile }, { ignore: [404] }).catch(unavailable(config))
  if (known.found !== true) return false
  const now = isoOf(nowMs())
  const liftedAtMs = nowMs() + MAX_LIST_AGE_MS + CLOCKS_MS
  await writeErasure(search, config, profile, (found) => ({
    erased_at: found?.erased_at ?? now,
    lifted_at: found?.lifted_at ?? isoOf(liftedAtMs),
    runs: [...(found?.runs ?? []), { started_at: now, by, action: 'lift' }],
  })).catch(unavailable(config, 'does not take the record of the erasure'))
  await sleep(Math.max(0, liftedAtMs - nowMs()))
  return true
}

/** After this time, in milliseconds from the writing of the record, every bulk that did not know it has its answer. */
function lastUnknowingBulkMs({ elasticQueryTimeoutSeconds }: Config): number {
  return MAX_LIST_AGE_MS + elasticQueryTimeoutSeconds * 1000 + CLOCKS_MS
}

interface Pass {
  readonly deleted: number
  readonly kept: ReadonlyMap<string, Kept>
  readonly deadLettersKept: number
}

async function deletePass(access: EraseAccess, profileId: string, erased: Erased, pace: Pace): Promise<Pass> {
  const { config, search, sleep } = access
  const { allEvents, session, profile } = indicesOf(config)
  const kept = new Map<string, Kept>()
  const ofProfile = { term: { 'profile.id': profileId } }
  const afterPage = async (deleted: number) => {
    pace.took(deleted)
    await sleep(pace.waitMs)
  }
  const onRefused = (refused: estypes.BulkResponseItem) => {
    if (refused.error?.type !== 'cluster_block_exception') refuse(refused)
    const { documents = 0 } = kept.get(refused._index) ?? {}
    kept.set(refused._index, { index: refused._index, documents: documents + 1, reason: refused.error.reason ?? '' })
  }
  const found = async (index: string, query: Parameters<typeof deleteFound>[2]) => {
    await search.indices.refresh({ index }, { ignore: [404] })
    return deleteFound(search, index, query, { afterPage, onRefused })
  }
  try {
    const events = await found(allEvents, ofProfile)
    const sessions = await found(session, ofProfile)
    const profiles = await found(profile, { ids: { values: [profileId] } })
    erased.events += events
    erased.sessions += sessions
    erased.profiles += profiles
    const letters = await deadLetterPass(access, profileId)
    erased.deadLetters += letters.deleted
    return { deleted: events + sessions + profiles + letters.deleted, kept, deadLettersKept: letters.kept }
  } catch (error) {
    if (!(error instanceof errors.ElasticsearchClientError)) throw error
    return unavailable(config, 'does not delete the documents of the profile')(error)
  }
}

/** Removes the dead letters that are of the profile alone. */
async function deadLetterPass(
  { config, withDeadLetters }: EraseAccess,
  profileId: string,
): Promise<{ readonly deleted: number; readonly kept: number }> {
  const shareIn = shareReader(config, profileId)
  let deleted = 0
  let kept = 0
  await withDeadLetters((access) =>
    readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, delivery, consumer) => {
      const share = shareIn(letter)
      if (share === 'some') kept += 1
      if (share !== 'all') return
      await consumer.acknowledge(delivery.id)
      deleted += 1
    }),
  )
  return { deleted, kept }
}

/** How much of a dead letter is of the profile. One that cannot be read has `some` if the id is in it. */
function shareReader(config: Config, profileId: string): (letter: DeadLetter) => 'all' | 'some' | 'none' {
  const profileIn = profileReader(config)
  const isOf = (operation: Buffer) => {
    const found = profileIn(operation)
    return found?.profileId === profileId && isOfProfile(operation, found)
  }
  return ({ message }) => {
    try {
      const { eventLines, stateLines } = decode(message)
      const operations = [...pairs(eventLines), ...pairs(stateLines)]
      const own = operations.filter(isOf).length
      if (own > 0) return own === operations.length ? 'all' : 'some'
      return 'none'
    } catch {
      return message.payload.includes(profileId) ? 'some' : 'none'
    }
  }
}

/** Nothing is found in a closed index. */
async function closedIndices({ config, search }: EraseAccess): Promise<readonly Kept[]> {
  const { allEvents } = indicesOf(config)
  const closed = await search.indices
    .getSettings({ index: allEvents, expand_wildcards: 'closed', name: 'index.uuid' }, { ignore: [404] })
    .catch(unavailable(config))
  return Object.keys(closed).map((index) => ({ index, documents: 0, reason: 'the index is closed' }))
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
