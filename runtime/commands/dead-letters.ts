import { once } from 'node:events'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type PulsarAdmin, pulsarAdmin } from '../queue/admin.ts'
import { readBacklog } from '../queue/backlog.ts'
import { connectQueue } from '../queue/connect.ts'
import { type DeadLetter, decodeDeadLetter } from '../queue/dead-letter.ts'
import type { Consumer, Delivery, Transport } from '../queue/port.ts'
import { type Topics, topicsOf } from '../queue/topics.ts'
import { newFile } from './new-file.ts'
import { grouped, print, table } from './output.ts'

const PREFETCH_MESSAGES = 100
const SEND_TIMEOUT_MS = 30_000
/** Rounds of `receive` without a message after which the topic is taken as read. */
const IDLE_ROUNDS = 15

interface Session {
  readonly admin: PulsarAdmin
  readonly transport: Transport
  readonly topics: Topics
}

async function withQueue<T>(config: Config, log: Logger, use: (session: Session) => Promise<T>): Promise<T> {
  const admin = pulsarAdmin(config)
  try {
    const transport = await connectQueue(config, admin, log)
    try {
      return await use({ admin, transport, topics: topicsOf(config) })
    } finally {
      await transport.close()
    }
  } finally {
    await admin.close()
  }
}

/** Reads the dead letters that wait now, one after another. What `handle` does not acknowledge stays where it is. */
async function readDeadLetters(
  { admin, transport, topics }: Session,
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
  for (let idle = 0; read < waiting && idle < IDLE_ROUNDS; idle += 1) {
    if (lost) throw new AppError('queue_unavailable', `the connection to Pulsar was lost: ${lost}`)
    for (const delivery of (await consumer.receive()).slice(0, waiting - read)) {
      await handle(decodeDeadLetter(delivery), delivery, consumer)
      read += 1
      idle = -1
    }
  }
  await consumer.close()
  return read
}

export interface DeadLetterOptions {
  readonly limit: number
}

/** Shows the dead letters; they stay where they are. */
export function listDeadLetters(config: Config, log: Logger, options: DeadLetterOptions): Promise<void> {
  return withQueue(config, log, async (session) => {
    const rows: string[][] = []
    await readDeadLetters(session, options.limit, async ({ certificate, message }) => {
      const action = message.payload.toString('utf8').split('\n', 1)[0] ?? ''
      rows.push([
        certificate.failedAt,
        String(certificate.status),
        certificate.fault,
        action.slice(0, 120),
        certificate.reason.slice(0, 200),
      ])
    })
    const { total } = await readBacklog(session.admin, session.topics.deadLetters)
    if (rows.length > 0) print(table(['failed at', 'status', 'fault', 'operation', 'reason'], rows))
    print(`${rows.length > 0 ? '\n' : ''}${grouped(total)} dead letters wait; ${grouped(rows.length)} are shown.`)
  })
}

/** Publishes the dead letters again, each acknowledged only after its receipt: stopping in the middle loses none. */
export function replayDeadLetters(config: Config, log: Logger, options: DeadLetterOptions): Promise<void> {
  return withQueue(config, log, async (session) => {
    const { transport, topics } = session
    const producer = await transport.openProducer(
      { topic: topics.events, sendTimeoutMs: SEND_TIMEOUT_MS },
      () => undefined,
    )
    const count = await readDeadLetters(session, options.limit, async ({ message }, delivery, consumer) => {
      await producer.send(message)
      await consumer.acknowledge(delivery)
    })
    await producer.close()
    print(`${grouped(count)} dead letters published again. What is still refused comes back to the dead letters.`)
  })
}

/** Writes the dead letters to a file, a JSON object a line; they stay where they are. */
export function exportDeadLetters(
  config: Config,
  log: Logger,
  options: DeadLetterOptions & { readonly file: string },
): Promise<void> {
  return withQueue(config, log, async (session) => {
    const output = options.file === '-' ? process.stdout : newFile(options.file)
    const count = await readDeadLetters(session, options.limit, async ({ certificate, message }) => {
      const line = JSON.stringify({
        ...certificate,
        properties: message.properties,
        lines: message.payload.toString('utf8'),
      })
      if (!output.write(`${line}\n`)) await once(output, 'drain')
    })
    if (options.file !== '-') {
      output.end()
      await once(output, 'close')
      print(`${grouped(count)} dead letters written to ${options.file}; they still wait in the topic.`)
    }
  })
}
