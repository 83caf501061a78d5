import { AppError } from '../errors.ts'
import type { Topics } from '../names.ts'
import type { PulsarAdmin } from './admin.ts'
import { readBacklog } from './backlog.ts'
import { type DeadLetter, decodeDeadLetter } from './dead-letter.ts'
import type { Consumer, Delivery, Transport } from './port.ts'

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

/**
 * Reads the dead letters that wait now, one after another, at most `limit`. What `handle` does not acknowledge stays
 * where it is. Answers how many were read.
 *
 * @throws AppError `queue_unavailable` when the connection is lost.
 */
export async function readDeadLetters(
  { admin, transport, topics }: DeadLetterAccess,
  limit: number,
  handle: (letter: DeadLetter, delivery: Delivery, consumer: Consumer) => Promise<void>,
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
  let read = 0
  try {
    for (let idle = 0; read < waiting && idle < IDLE_ROUNDS; idle += 1) {
      if (lost) throw new AppError('queue_unavailable', `the connection to Pulsar was lost: ${lost}`)
      for (const delivery of (await consumer.receive()).slice(0, waiting - read)) {
        await handle(decodeDeadLetter(delivery), delivery, consumer)
        read += 1
        idle = -1
      }
    }
  } finally {
    await consumer.close()
  }
  return read
}

/**
 * Publishes dead letters again, at most `limit`, each acknowledged only after its receipt: stopping in the middle loses
 * none. Answers how many.
 *
 * @throws AppError `queue_unavailable` or `queue_refused` when one cannot be published; it stays where it is.
 */
export async function replayDeadLetters(access: DeadLetterAccess, limit: number): Promise<number> {
  const options = { topic: access.topics.events, sendTimeoutMs: SEND_TIMEOUT_MS }
  const producer = await access.transport.openProducer(options, () => undefined)
  try {
    return await readDeadLetters(access, limit, async ({ message }, delivery, consumer) => {
      await producer.send(message)
      await consumer.acknowledge(delivery.id)
    })
  } finally {
    await producer.close()
  }
}
