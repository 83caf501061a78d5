import type { Envelope } from '../queue/message.ts'
import type { Delivery } from '../queue/port.ts'
import { readStateAction } from '../search/documents.ts'

/** A message that a worker has taken, as it came and as it reads. */
export interface Taken {
  readonly delivery: Delivery
  readonly envelope: Envelope
}

/** One action with its document: two lines, and the messages that wait for it. */
export interface Operation {
  readonly kind: 'create' | 'index'
  readonly lines: Buffer
  readonly owners: readonly Taken[]
}

const NEWLINE = 0x0a

/** Cuts lines into operations of two lines each. An incomplete pair at the end is an operation too, for its fault to show. */
function* pairs(lines: Buffer): Generator<Buffer> {
  let start = 0
  while (start < lines.length) {
    const action = lines.indexOf(NEWLINE, start)
    const document = action < 0 ? -1 : lines.indexOf(NEWLINE, action + 1)
    const end = document < 0 ? lines.length : document + 1
    yield lines.subarray(start, end)
    start = end
  }
}

/** The events of the messages, one operation each. Only needed when some of a bulk was not stored. */
export function eventOperations(batch: readonly Taken[]): Operation[] {
  return batch.flatMap((taken) =>
    [...pairs(taken.envelope.eventLines)].map((lines) => ({ kind: 'create', lines, owners: [taken] }) as const),
  )
}

/**
 * The states of sessions and profiles in the messages: of each, only the latest is worth a write. All messages that carry
 * an older one wait for it as well, so that nothing is acknowledged before what it said, or something newer, is stored.
 */
export function stateOperations(batch: readonly Taken[]): Operation[] {
  const latest = new Map<string, { lines: Buffer; version: number; owners: Taken[] }>()
  for (const taken of batch) {
    for (const lines of pairs(taken.envelope.stateLines)) {
      const { key, version } = readStateAction(lines.toString('utf8', 0, lines.indexOf(NEWLINE)))
      const known = latest.get(key)
      if (!known) latest.set(key, { lines, version, owners: [taken] })
      else {
        known.owners.push(taken)
        if (version >= known.version) Object.assign(known, { lines, version })
      }
    }
  }
  return [...latest.values()].map(({ lines, owners }) => ({ kind: 'index', lines, owners }))
}
