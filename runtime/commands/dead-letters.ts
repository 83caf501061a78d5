import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import { topicsOf } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { readBacklog } from '../queue/backlog.ts'
import { connectQueue } from '../queue/connect.ts'
import { type DeadLetterAccess, readDeadLetters, replayDeadLetters } from '../queue/dead-letters.ts'
import { number } from '../telemetry/format.js'
import { newFile, print, table } from './output.ts'

/** Opens the dead letters for a command, and closes them after it. */
export function withDeadLetters(config: Config, log: Logger) {
  return <T>(use: (access: DeadLetterAccess) => Promise<T>): Promise<T> => withQueue(config, log, use)
}

async function withQueue<T>(config: Config, log: Logger, use: (access: DeadLetterAccess) => Promise<T>): Promise<T> {
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

export interface DeadLetterOptions {
  readonly limit: number
}

/** Shows the dead letters; they stay where they are. */
export function listDeadLetters(config: Config, log: Logger, options: DeadLetterOptions): Promise<void> {
  return withQueue(config, log, async (access) => {
    const rows: string[][] = []
    await readDeadLetters(access, options.limit, async ({ metadata, message }) => {
      const action = message.payload.toString('utf8').split('\n', 1)[0] ?? ''
      rows.push([
        metadata.failedAt,
        String(metadata.status),
        metadata.fault,
        action.slice(0, 120),
        metadata.reason.slice(0, 200),
      ])
    })
    const { total } = await readBacklog(access.admin, access.topics.deadLetters)
    if (rows.length > 0) print(table(['failed at', 'status', 'fault', 'operation', 'reason'], rows))
    print(`${rows.length > 0 ? '\n' : ''}${number(total)} dead letters wait; ${number(rows.length)} are shown.`)
  })
}

/** Publishes the dead letters again, each acknowledged only after its receipt: stopping in the middle loses none. */
export function replayAll(config: Config, log: Logger, options: DeadLetterOptions): Promise<void> {
  return withQueue(config, log, async (access) => {
    const count = await replayDeadLetters(access, options.limit)
    print(`${number(count)} dead letters published again. What is still refused becomes a dead letter again.`)
  })
}

/** Writes the dead letters to a file, a JSON object a line, with a payload that is not text as `base64`; they stay where they are. */
export function exportDeadLetters(
  config: Config,
  log: Logger,
  options: DeadLetterOptions & { readonly file: string },
): Promise<void> {
  return withQueue(config, log, async (access) => {
    const output = options.file === '-' ? process.stdout : newFile(options.file)
    const count = await readDeadLetters(access, options.limit, async ({ metadata, message }) => {
      const line = JSON.stringify({
        ...metadata,
        properties: message.properties,
        ...(isUtf8(message.payload)
          ? { lines: message.payload.toString('utf8') }
          : { base64: message.payload.toString('base64') }),
      })
      if (!output.write(`${line}\n`)) await once(output, 'drain')
    })
    if (options.file !== '-') {
      output.end()
      await once(output, 'close')
      print(`${number(count)} dead letters written to ${options.file}; they still wait in the topic.`)
    }
  })
}
