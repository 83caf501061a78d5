import { AppError } from '../errors.ts'
import { type DeadLetterAccess, readDeadLetters, replayDeadLetters } from '../queue/dead-letters.ts'

/** Maximum shown: their reasons matter, and those repeat. */
const SHOWN = 50
/** Most of one replay, so that a call ends in time; what remains is replayed by the next. */
const REPLAYED = 1000
/** An action with the longest names that Elasticsearch takes is shorter. */
const FIRST_LINE_BYTES = 8192
const LINE_CHARACTERS = 300

export interface DeadLetterRow {
  readonly failedAt: string
  readonly fault: string
  readonly reason: string
  /** Status of Elasticsearch; 0 when the message itself could not be read. */
  readonly status: number
  /** What was to be done, to which document of which index; the line itself where it is no such operation. */
  readonly operation: string
}

export interface DeadLetterDesk {
  /** The oldest ones that wait; they stay where they are. */
  look(): Promise<readonly DeadLetterRow[]>
  /** Publishes at most 1,000 again; answers how many. */
  replay(): Promise<number>
}

/**
 * Looks at dead letters and replays them, one at a time: a reader holds what it has fetched, and a second one at the same
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
    look: () =>
      alone(async () => {
        const rows: DeadLetterRow[] = []
        await readDeadLetters(access, SHOWN, async ({ metadata, message }) => {
          const { failedAt, fault, reason, status } = metadata
          rows.push({ failedAt, fault, reason, status, operation: operationOf(message.payload) })
        })
        return rows
      }),
    replay: () => alone(() => replayDeadLetters(access, REPLAYED)),
  }
}

/** The first line of a bulk names what is to be done: `create 01a2… in tracardi-event-2026-11`. */
function operationOf(payload: Buffer): string {
  const [line = ''] = payload.toString('utf8', 0, FIRST_LINE_BYTES).split('\n', 1)
  return actionIn(line) ?? line.slice(0, LINE_CHARACTERS)
}

function actionIn(line: string): string | undefined {
  try {
    const [[action, target] = []] = Object.entries(
      JSON.parse(line) as Record<string, { _index?: string; _id?: string }>,
    )
    return action && target?._index && target._id ? `${action} ${target._id} in ${target._index}` : undefined
  } catch {
    // A message that cannot be read is one of the reasons for being here.
    return undefined
  }
}
