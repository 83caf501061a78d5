import { eventIdOf } from '../../runtime/search/documents.ts'

/** What the events that got a 200 while one fault was on have become. */
export interface Comparison {
  readonly accepted: number
  /** Ids that got a 200 and are in no index. */
  readonly lost: readonly string[]
  /** Ids that are in the indices more than once. */
  readonly twice: readonly string[]
}

/**
 * Compares the ids that got a 200 with those that are stored, fault by fault.
 *
 * @param accepted for each id the fault during which it got its 200.
 * @param stored how many documents there are of an id, in all indices together.
 */
export function compare(
  accepted: ReadonlyMap<string, string>,
  stored: ReadonlyMap<string, number>,
): ReadonlyMap<string, Comparison> {
  const found = new Map<string, { accepted: number; lost: string[]; twice: string[] }>()
  for (const [id, fault] of accepted) {
    const of = found.get(fault) ?? { accepted: 0, lost: [], twice: [] }
    found.set(fault, of)
    of.accepted += 1
    const documents = stored.get(id) ?? 0
    if (documents === 0) of.lost.push(id)
    if (documents > 1) of.twice.push(id)
  }
  return found
}

/**
 * With the ids of indices that somebody has deleted: each was stored once, and may have been stored again, into the index that took
 * the place of the deleted one.
 *
 * @param stored how many documents there are of an id now.
 */
export function withDeleted(
  stored: ReadonlyMap<string, number>,
  deleted: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const all = new Map(stored)
  for (const id of deleted) if (!all.has(id)) all.set(id, 1)
  return all
}

/**
 * Ids of operations in the dead letters that Elasticsearch had no reason to refuse: a fault that passes was treated as one
 * of the document. A replay would hide it.
 *
 * @param letters as `dead-letters export` writes them, a JSON object a line.
 * @param refused ids of the events that no index takes.
 */
export function refusedWithoutReason(letters: string, refused: ReadonlySet<string>): readonly string[] {
  return idsOf(letters).filter((id) => !refused.has(id))
}

/** Ids of events that should have been refused and are in no dead letter: that fault was none. */
export function notRefused(letters: string, refused: ReadonlySet<string>): readonly string[] {
  const found = new Set(idsOf(letters))
  return [...refused].filter((id) => !found.has(id))
}

function idsOf(letters: string): readonly string[] {
  const lines = letters.split('\n').filter((line) => line.startsWith('{"fault":'))
  return lines.map((line) => {
    const [action = ''] = (JSON.parse(line) as { lines: string }).lines.split('\n', 1)
    const { create } = JSON.parse(action) as { create?: { _id: string } }
    return create ? eventIdOf(create._id) : line
  })
}
