import type { Envelope } from '../queue/message.ts'
import type { MessageId } from '../queue/port.ts'
import { pairs } from '../search/documents.ts'

/** What is owed to Pulsar for a message: an acknowledgement, as soon as nothing of it is open. */
export class Claim {
  readonly id: MessageId
  /** When the API took the oldest event of the message, in milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** Parts that are neither stored nor dead-lettered: its events, as one or each for itself, and each of its states. */
  open = 1
  /** Whether the message went back to Pulsar. Parts stay open then, so that it is not acknowledged any more. */
  isGivenBack = false

  constructor(id: MessageId, receivedAtMs: number) {
    this.id = id
    this.receivedAtMs = receivedAtMs
  }
}

/** A message that a worker has taken. Its claim may outlive it, when its states wait for others. */
export interface Taken {
  readonly claim: Claim
  readonly envelope: Envelope
}

/** One action with its document: two lines, and the messages that wait for it. */
export interface Operation {
  readonly kind: 'create' | 'index'
  readonly lines: Buffer
  readonly owners: readonly Claim[]
}

/** The events of a message, one operation each. Only needed when some of a bulk was not stored. */
export function eventOperations({ claim, envelope }: Taken): Operation[] {
  return [...pairs(envelope.eventLines)].map((lines) => ({ kind: 'create', lines, owners: [claim] }))
}
