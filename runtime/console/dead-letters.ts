import { AppError } from '../errors.ts'
import {
  type DeadLetterAccess,
  dropDeadLetters,
  exportLine,
  type Replayed,
  readDeadLetters,
  replayDeadLetters,
} from '../queue/dead-letters.ts'
import { type DeadLetterRow, factsOf, type LetterFilter, rowOf, wantsLetter } from './letter.ts'
import type { NamedCount } from './state.ts'

/** Maximum shown: their reasons matter, and those repeat. */
const SHOWN = 50
/** Maximum that is looked at, so that a call ends in time. */
const READ = 5000
/** Most of one replay or drop, so that a call ends in time; what remains is for the next. */
export const AT_ONCE = 1000
/** Maximum of one export, in characters. */
const EXPORTED_CHARACTERS = 32 * 1024 * 1024

export interface DeadLetterView {
  /** The oldest that fit the filter, at most 50. */
  readonly deadLetters: readonly DeadLetterRow[]
  /** All that fit, of those that were read. */
  readonly matching: number
  /** Number read: all that wait, at most 5,000. */
  readonly read: number
  /** Those that were read, whether or not they fit, by what the filters choose; the most frequent first. */
  readonly counts: {
    readonly fault: readonly NamedCount[]
    readonly source: readonly NamedCount[]
    readonly type: readonly NamedCount[]
  }
}

export interface ExportedLetters {
  readonly ids: readonly string[]
  /** One JSON object per line. */
  readonly lines: string
}

export interface DeadLetterDesk {
  /** The ones that wait; they stay where they are. */
  look(filter?: LetterFilter): Promise<DeadLetterView>
  /** Publishes at most 1,000 again. */
  replay(filter?: LetterFilter): Promise<Replayed>
  /** At most 1,000; they stay where they are. */
  export(filter: LetterFilter): Promise<ExportedLetters>
  /** Drops those with these ids, which an export had; answers how many. */
  drop(ids: readonly string[]): Promise<number>
}

/**
 * Looks at dead letters, replays and drops them, one at a time: a reader holds what it has fetched, and a second one at the same
 * moment would see none of it and say that there is nothing.
 */
export function deadLetterDesk(access: DeadLetterAccess): DeadLetterDesk {
  let busy = false
  const alone = async <T>(use: () => Promise<T>): Promise<T> => {
    if (busy) throw new AppError('dead_letters_busy', 'another call reads or replays the dead letters')
    busy = true
    try {
      return await use()
    } finally {
      busy = false
    }
  }
  return {
    look: (filter = {}) => alone(() => look(access, filter)),
    replay: (filter = {}) => alone(() => replayDeadLetters(access, AT_ONCE, wantsLetter(filter))),
    export: (filter) => alone(() => exported(access, filter)),
    drop: (ids) => alone(() => dropDeadLetters(access, AT_ONCE, wantsLetter({ ids }), EXPORTED_ALREADY)),
  }
}

/** Who drops by id has exported those before. */
const EXPORTED_ALREADY = { write: async () => undefined, finish: async () => undefined }

async function look(access: DeadLetterAccess, filter: LetterFilter): Promise<DeadLetterView> {
  const wants = wantsLetter(filter)
  const deadLetters: DeadLetterRow[] = []
  const counts = {
    fault: new Map<string, number>(),
    source: new Map<string, number>(),
    type: new Map<string, number>(),
  }
  let matching = 0
  const read = await readDeadLetters(access, READ, async (letter, { id }) => {
    const facts = factsOf(letter)
    for (const name of ['fault', 'source', 'type'] as const) {
      counts[name].set(facts[name], (counts[name].get(facts[name]) ?? 0) + 1)
    }
    if (!wants(letter, id.toString())) return undefined
    matching += 1
    if (deadLetters.length < SHOWN) deadLetters.push(rowOf(letter, id.toString()))
    return undefined
  })
  const { fault, source, type } = counts
  return { deadLetters, matching, read, counts: { fault: named(fault), source: named(source), type: named(type) } }
}

function named(counts: ReadonlyMap<string, number>): readonly NamedCount[] {
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

async function exported(access: DeadLetterAccess, filter: LetterFilter): Promise<ExportedLetters> {
  const wants = wantsLetter(filter)
  const ids: string[] = []
  const lines: string[] = []
  let characters = 0
  await readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, { id }) => {
    if (!wants(letter, id.toString())) return undefined
    const line = exportLine(letter)
    ids.push(id.toString())
    lines.push(`${line}\n`)
    characters += line.length
    return ids.length >= AT_ONCE || characters >= EXPORTED_CHARACTERS ? 'stop' : undefined
  })
  return { ids, lines: lines.join('') }
}
