import { pairs, readStateAction } from '../search/documents.ts'
import type { BatchLimits } from './batch.ts'
import type { Claim, Operation, Taken } from './operations.ts'

interface Waiting {
  lines: Buffer
  version: number
  readonly owners: Claim[]
}

/**
 * The states of sessions and profiles that are to be stored. Of each, only the latest is worth a write, and they are
 * gathered over several bulks: a few of them in each would make every bulk write to two more indices.
 */
export class WaitingStates {
  #latest = new Map<string, Waiting>()
  #bytes = 0

  get isEmpty(): boolean {
    return this.#latest.size === 0
  }

  /**
   * Messages that carry an older state wait for the latest as well, so that nothing is acknowledged before what it said, or
   * something newer, is stored.
   */
  add({ claim, envelope }: Taken): void {
    for (const taken of pairs(envelope.stateLines)) {
      claim.open += 1
      // A copy, or the events that came with it would be kept as long.
      const lines = Buffer.from(taken)
      const { key, version } = readStateAction(lines.toString('utf8', 0, lines.indexOf('\n')))
      const known = this.#latest.get(key)
      if (!known) {
        this.#latest.set(key, { lines, version, owners: [claim] })
        this.#bytes += lines.length
      } else {
        known.owners.push(claim)
        if (version >= known.version) {
          this.#bytes += lines.length - known.lines.length
          Object.assign(known, { lines, version })
        }
      }
    }
  }

  /** Whether they fill a bulk. */
  reached(limits: BatchLimits): boolean {
    return this.#latest.size >= limits.events || this.#bytes >= limits.bytes
  }

  /** All of them; none wait any more. */
  take(): readonly Operation[] {
    const operations = [...this.#latest.values()].map(
      ({ lines, owners }) => ({ kind: 'index', lines, owners }) as const,
    )
    this.#latest = new Map()
    this.#bytes = 0
    return operations
  }
}
