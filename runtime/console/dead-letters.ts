import { AppError } from '../errors.ts'
import { type DeadLetterAccess, readDeadLetters, replayDeadLetters } from '../queue/dead-letters.ts'

/** Most that are shown at once: their reasons are what counts, and those repeat. */
const SHOWN = 50
/** Most of one replay, so that a call ends in time; what remains is replayed by the next. */
const REPLAYED = 1000
const ACTION_CHARACTERS = 300

export interface DeadLetterRow {
  readonly failedAt: string
  readonly fault: string
  readonly reason: string
  /** Status of Elasticsearch; 0 when the message itself could not be read. */
  readonly status: number
  /** What was to be done: the line of the bulk that names index and id. */
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
    if (busy) throw new AppError('dead_letters_busy', 'somebody is looking at the dead letters or replays them')
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
        await readDeadLetters(access, SHOWN, async ({ certificate, message }) => {
          const { failedAt, fault, reason, status } = certificate
          const [line = ''] = message.payload.toString('utf8').split('\n', 1)
          rows.push({ failedAt, fault, reason, status, operation: line.slice(0, ACTION_CHARACTERS) })
        })
        return rows
      }),
    replay: () => alone(() => replayDeadLetters(access, REPLAYED)),
  }
}
