import type { Taken } from './operations.ts'

/** Why a bulk was sent: operators tune size, bytes and timeout by watching how these are spread. */
export type FlushReason = 'size' | 'bytes' | 'timeout' | 'drain'

export interface BatchLimits {
  readonly events: number
  readonly bytes: number
}

/** The messages that go into one bulk. */
export class Batch {
  readonly messages: Taken[] = []
  events = 0
  bytes = 0

  get isEmpty(): boolean {
    return this.messages.length === 0
  }

  add(taken: Taken): void {
    this.messages.push(taken)
    this.events += taken.envelope.events
    this.bytes += bytesOf(taken)
  }

  /** The limit that the batch would break with this message; a message is never cut. */
  overflowsWith(taken: Taken, limits: BatchLimits): FlushReason | undefined {
    if (this.isEmpty) return undefined
    if (this.events + taken.envelope.events > limits.events) return 'size'
    return this.bytes + bytesOf(taken) > limits.bytes ? 'bytes' : undefined
  }

  /** The limit that the batch has reached. */
  reached(limits: BatchLimits): FlushReason | undefined {
    if (this.events >= limits.events) return 'size'
    return this.bytes >= limits.bytes ? 'bytes' : undefined
  }
}

function bytesOf({ envelope }: Taken): number {
  return envelope.eventLines.length + envelope.stateLines.length
}
