import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import type { Config } from '../config.ts'
import { type DeadLetterRow, factsOf, type LetterFilter, rowOf, wantsLetter } from '../console/letter.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { topicsOf } from '../names.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { readBacklog } from '../queue/backlog.ts'
import { connectQueue } from '../queue/connect.ts'
import {
  type DeadLetterAccess,
  dropDeadLetters,
  exportLine,
  type LetterStore,
  readDeadLetters,
  replayDeadLetters,
} from '../queue/dead-letters.ts'
import { counted, number } from '../telemetry/format.js'
import { newFile, print, printable, table } from './output.ts'

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

/** Options that choose dead letters. */
export interface LetterFlags {
  readonly id?: readonly string[]
  readonly fault?: string
  readonly source?: string
  readonly type?: string
  readonly limit: number
}

function filterOf({ id: ids, fault, source, type }: LetterFlags): LetterFilter {
  return { ids, fault, source, type }
}

export interface ListFlags extends LetterFlags {
  readonly payload?: boolean
  readonly json?: boolean
}

/** Shows the dead letters, and how many there are by cause; they stay where they are. */
export function listDeadLetters(config: Config, log: Logger, flags: ListFlags): Promise<void> {
  return withQueue(config, log, async (access) => {
    const wants = wantsLetter(filterOf(flags))
    const rows: DeadLetterRow[] = []
    const causes = new Map<string, number>()
    await readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, { id }) => {
      const { fault, source, type } = factsOf(letter)
      const cause = JSON.stringify([fault, source, type])
      causes.set(cause, (causes.get(cause) ?? 0) + 1)
      if (rows.length < flags.limit && wants(letter, id.toString())) rows.push(rowOf(letter, id.toString()))
      return undefined
    })
    if (flags.json) {
      for (const row of rows) print(JSON.stringify(row))
      return
    }
    const { total } = await readBacklog(access.admin, access.topics.deadLetters)
    print(listText(rows, causes, total, flags.payload === true))
  })
}

/** @param causes fault, source and type as JSON, with their number. */
export function listText(
  rows: readonly DeadLetterRow[],
  causes: ReadonlyMap<string, number>,
  total: number,
  hasPayload: boolean,
): string {
  const header = ['id', 'failed at', 'status', 'fault', 'source', 'type', 'session', 'reason']
  const cells = rows.map(({ id, failedAt, status, fault, source, type, session, reason }) => [
    id,
    failedAt,
    String(status),
    fault,
    source,
    type,
    session,
    reason.slice(0, 200),
  ])
  const byCause = [...causes]
    .sort(([, a], [, b]) => b - a)
    .map(([cause, count]) => [...(JSON.parse(cause) as string[]), count])
  return [
    ...(rows.length === 0 ? [] : [table(header, cells), '']),
    ...(hasPayload ? rows.flatMap(payloadText) : []),
    ...(byCause.length === 0 ? [] : [table(['fault', 'source', 'type', 'dead letters'], byCause), '']),
    `Waiting: ${counted(total, 'dead letter')}; shown: ${number(rows.length)}.`,
  ].join('\n')
}

function payloadText({ id, payload, isCut }: DeadLetterRow): readonly string[] {
  const lines = payload.trimEnd().split('\n').map(printable)
  return [
    `${printable(id)}:`,
    ...lines.map((line) => `  ${line}`),
    ...(isCut ? ['  … (cut; export has all of it)'] : []),
    '',
  ]
}

/** Publishes the dead letters again, each acknowledged only after its receipt: stopping in the middle loses none. */
export function replayAll(config: Config, log: Logger, flags: LetterFlags): Promise<void> {
  return withQueue(config, log, async (access) => {
    const { replayed, refused, reason } = await replayDeadLetters(access, flags.limit, wantsLetter(filterOf(flags)))
    const kept = refused === 0 ? '' : ` Pulsar refused ${number(refused)}, which still wait: ${reason}.`
    print(`${number(replayed)} dead letters published again. What is still refused becomes a dead letter again.${kept}`)
  })
}

/** Writes the dead letters to a file, a JSON object a line, with a payload that is not text as `base64`; they stay where they are. */
export function exportDeadLetters(
  config: Config,
  log: Logger,
  flags: LetterFlags & { readonly file: string },
): Promise<void> {
  return withQueue(config, log, async (access) => {
    const wants = wantsLetter(filterOf(flags))
    const output = flags.file === '-' ? process.stdout : newFile(flags.file)
    let count = 0
    await readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, { id }) => {
      if (!wants(letter, id.toString())) return undefined
      count += 1
      if (!output.write(`${exportLine(letter)}\n`)) await once(output, 'drain')
      return count >= flags.limit ? 'stop' : undefined
    })
    if (flags.file !== '-') {
      output.end()
      await once(output, 'close')
      print(`${number(count)} dead letters written to ${flags.file}; they still wait in the topic.`)
    }
  })
}

export interface DropFlags extends LetterFlags {
  readonly all?: boolean
  readonly apply?: boolean
  /** Where they are kept; `false` keeps them nowhere. @default a file of this folder, named by the time */
  readonly export?: string | boolean
}

/**
 * Removes dead letters permanently, after they are in a file; without `apply`, reports how many it would remove.
 *
 * @throws AppError `command_invalid` when nothing chooses them.
 */
export async function dropLetters(config: Config, log: Logger, flags: DropFlags): Promise<void> {
  const filter = filterOf(flags)
  if (!flags.all && Object.values(filter).every((value) => value === undefined)) {
    throw new AppError('command_invalid', 'nothing chooses dead letters; use --id, --fault, --source, --type, or --all')
  }
  await withQueue(config, log, async (access) => {
    const wants = wantsLetter(filter)
    if (!flags.apply) {
      let count = 0
      await readDeadLetters(access, Number.MAX_SAFE_INTEGER, async (letter, { id }) => {
        if (wants(letter, id.toString())) count += 1
        return count >= flags.limit ? 'stop' : undefined
      })
      print(`${number(count)} dead letters would be dropped. --apply exports and drops them.`)
      return
    }
    const file = keptIn(flags.export)
    const count = await dropDeadLetters(access, flags.limit, wants, file === undefined ? NOWHERE : storeIn(file))
    print(`${number(count)} dead letters dropped. ${file === undefined ? 'They are gone.' : `They are in ${file}.`}`)
  })
}

function keptIn(named: string | boolean | undefined): string | undefined {
  if (named === false) return undefined
  if (typeof named === 'string') return named
  return `dead-letters-${new Date().toISOString().replaceAll(':', '-')}.jsonl`
}

const NOWHERE: LetterStore = { write: async () => undefined, finish: async () => undefined }

/** A new file, which is on disk when it is finished. */
function storeIn(path: string): LetterStore {
  const output: WriteStream = newFile(path, { flush: true })
  let fault: unknown
  output.once('error', (error) => {
    fault = error
  })
  return {
    write: async (line) => {
      if (fault) throw fault
      if (!output.write(`${line}\n`)) await once(output, 'drain')
    },
    finish: async () => {
      output.end()
      await once(output, 'close')
      if (fault) throw fault
    },
  }
}
