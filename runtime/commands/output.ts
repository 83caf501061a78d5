import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { parseMoment } from '../api/time.ts'
import { AppError } from '../errors.ts'
import { number } from '../telemetry/format.js'

/** What a terminal would obey: control characters, and those that change the direction of text. */
const OBEYED = /[\p{Cc}\p{Bidi_Control}]/gu

/** Rows as a table with aligned columns; numbers to the right. Cells may quote strangers: what a terminal would obey is replaced. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? number(cell) : printable(cell))),
  )
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const isNumber = header.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'))
  return cells
    .map((row) =>
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0, isNumber[column] ?? false))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The text without what a terminal would obey: it may quote strangers. */
export function printable(cell: string): string {
  return cell.replace(OBEYED, '\u{fffd}')
}

function padded(cell: string, width: number, right: boolean): string {
  return right ? cell.padStart(width) : cell.padEnd(width)
}

/** Prints a result: as JSON for scripts, or in words. */
export function printResult(asJson: boolean | undefined, result: unknown, inWords: () => string): void {
  print(asJson ? JSON.stringify(result, null, 2) : inWords())
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Of the commands that work on servers. */
export const RUN_OPTION = [
  '--run <run>',
  'the run on this machine to use, by pid, home folder or public port; needed when several are active',
] as const

/** The value of an option. @throws InvalidArgumentError, which the command reports with the option. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('A whole number of 1 or more is needed.')
  return Number(text)
}

export function decimal(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('A number of 0 or more is needed.')
  return Number(text)
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('JSON is needed.')
  }
}

/** A command that is silent for longer looks as if it did nothing. */
const SILENCE_MS = 2000

/** Reports on standard error, after 2 s, what is waited for. */
export async function noticed<T>(waitsFor: string, work: () => Promise<T>): Promise<T> {
  const notice = setTimeout(() => process.stderr.write(`${waitsFor}\n`), SILENCE_MS)
  try {
    return await work()
  } finally {
    clearTimeout(notice)
  }
}

/**
 * Creates a file and opens it for writing.
 *
 * @param options `flush`: it is on disk when it is closed. @default what the system does
 *
 * @throws AppError `command_invalid` when it already exists, or cannot be written.
 */
export function newFile(path: string, options: { readonly flush?: boolean } = {}): WriteStream {
  try {
    return createWriteStream('', { ...options, fd: openSync(path, 'wx') })
  } catch (cause) {
    throw new AppError('command_invalid', `the file "${path}" cannot be created; name one that does not exist yet`, {
      cause,
    })
  }
}

/** Exit codes besides 0, and 1 for a fault: what was asked for was done in part only; SIGINT or SIGTERM ended it, as shells have it. */
export const INCOMPLETE = 2
export const STOPPED = 130

/** ISO 8601, in UTC. */
export function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const

/** Seconds of `30s`, `10m`, `1.5h`; `undefined` of anything else. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * SECONDS[unit as keyof typeof SECONDS]
}

/** A moment in milliseconds since the epoch: a time, or `2h` before now; `undefined` of anything else. */
export function momentOf(text: string, nowMs: number): number | undefined {
  const seconds = secondsOf(text)
  return seconds === undefined ? parseMoment(text) : nowMs - seconds * 1000
}
