import { isUtf8 } from 'node:buffer'
import { AppError, messageOf } from '../errors.ts'
import type { Topics } from '../names.ts'
import type { PulsarAdmin } from './admin.ts'
import { readBacklog } from './backlog.ts'
import { type DeadLetter, decodeDeadLetter } from './dead-letter.ts'
import type { Consumer, Delivery, MessageId, Transport } from './port.ts'

const PREFETCH_MESSAGES = 100
const SEND_TIMEOUT_MS = 30_000
/** Rounds of `receive` without a message after which the topic is taken as read. */
const IDLE_ROUNDS = 15

/** What is needed to read dead letters. */
export interface DeadLetterAccess {
  readonly admin: PulsarAdmin
  readonly transport: Transport
  readonly topics: Topics
}

/** What follows a dead letter: the next one, or the end of reading. */
export type Next = 'stop' | undefined

/**
 * Reads the dead letters that wait now, one after another, at most `limit`. What `handle` does not acknowledge stays
 * where it is. Answers how many were read.
 *
 * @param finish called after the last, while all can still be acknowledged. @default nothing
 * @throws AppError `queue_unavailable` when the connection is lost.
 */
export async function readDeadLetters(
  { admin, transport, topics }: DeadLetterAccess,
  limit: number,
  handle: (letter: DeadLetter, delivery: Delivery, consumer: Consumer) => Promise<Next>,
  finish: (consumer: Consumer) => Promise<void> = async () => undefined,
): Promise<number> {
  const waiting = Math.min((await readBacklog(admin, topics.deadLetters)).total, limit)
  if (waiting === 0) return 0
  let lost: string | undefined
  const options = {
    topic: topics.deadLetters,
    subscription: topics.deadLettersSubscription,
    prefetchMessages: PREFETCH_MESSAGES,
  }
  const consumer = await transport.openConsumer(options, (reason) => {
    lost = reason
  })
  const requireConnection = (): void => {
    if (lost) throw new AppError('queue_unavailable', `the connection to Pulsar was lost: ${lost}`)
  }
  let read = 0
  const readOn = async (): Promise<Next> => {
    for (const delivery of (await consumer.receive()).slice(0, waiting - read)) {
      read += 1
      if ((await handle(decodeDeadLetter(delivery), delivery, consumer)) === 'stop') return 'stop'
    }
    return undefined
  }
  try {
    for (let idle = 0; read < waiting && idle < IDLE_ROUNDS; idle += 1) {
      requireConnection()
      const before = read
      if ((await readOn()) === 'stop') break
      if (read > before) idle = -1
    }
    requireConnection()
    await finish(consumer)
  } finally {
    await consumer.close()
  }
  return read
}

/** Which dead letters are meant. */
export type Wants = (letter: DeadLetter, id: string) => boolean

const ALL: Wants = () => true

/** What became of the dead letters that were to be published again. */
export interface Replayed {
  readonly replayed: number
  /** That Pulsar does not take: one that is too large, for example. They stay where they are. */
  readonly refused: number
  /** Why, of the first. */
  readonly reason?: string
}

/**
 * Publishes dead letters again, at most `limit`, each acknowledged only after its receipt: stopping in the middle loses
 * none. One that Pulsar refuses stops no other.
 *
 * @throws AppError `queue_unavailable` when one gets no receipt; it stays where it is.
 */
export async function replayDeadLetters(
  access: DeadLetterAccess,
  limit: number,
  wants: Wants = ALL,
): Promise<Replayed> {
  const options = { topic: access.topics.events, sendTimeoutMs: SEND_TIMEOUT_MS }
  const producer = await access.transport.openProducer(options, () => undefined)
  let [replayed, refused] = [0, 0]
  let reason: string | undefined
  try {
    await readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, delivery, consumer) => {
      if (!wants(letter, delivery.id.toString())) return undefined
      try {
        await producer.send(letter.message)
        await consumer.acknowledge(delivery.id)
        replayed += 1
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'queue_refused') throw error
        refused += 1
        reason ??= messageOf(error)
      }
      return replayed + refused >= limit ? 'stop' : undefined
    })
  } finally {
    await producer.close()
  }
  return { replayed, refused, ...(reason === undefined ? {} : { reason }) }
}

/** Keeps dead letters elsewhere. @throws what stops the dropping of all. */
export interface LetterStore {
  write(line: string): Promise<void>
  /** Resolves when all that was written is safe. */
  finish(): Promise<void>
}

/**
 * Drops dead letters, at most `limit`: writes all of them to the store, and acknowledges them when they are safe there. Answers how many.
 *
 * @throws AppError `queue_unavailable`, and what the store throws; then none is dropped.
 */
export async function dropDeadLetters(
  access: DeadLetterAccess,
  limit: number,
  wants: Wants,
  store: LetterStore,
): Promise<number> {
  const dropped: MessageId[] = []
  await readDeadLetters(
    access,
    Number.MAX_SAFE_INTEGER,
    async (letter, { id }) => {
      if (!wants(letter, id.toString())) return undefined
      await store.write(exportLine(letter))
      dropped.push(id)
      return dropped.length >= limit ? 'stop' : undefined
    },
    async (consumer) => {
      await store.finish()
      for (const id of dropped) await consumer.acknowledge(id)
    },
  )
  return dropped.length
}

/** A dead letter as a line of JSON: all that is needed to publish it again. A payload that is not text is `base64`. */
export function exportLine({ metadata, message: { payload, properties } }: DeadLetter): string {
  const content = isUtf8(payload) ? { lines: payload.toString('utf8') } : { base64: payload.toString('base64') }
  return JSON.stringify({ ...metadata, properties, ...content })
}
