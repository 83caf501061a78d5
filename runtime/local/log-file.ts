import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'

const ROTATE_BYTES = 20_000_000
const TAIL_BYTES = 64_000
const LONGEST_LINE = 400

/** A log that a child writes, and where in it this child began. */
export interface LogFile {
  readonly path: string
  readonly startBytes: number
  /** The descriptor for the child; to be closed by us once the child has it. */
  readonly descriptor: number
}

/** Opens a log for appending; a long one is renamed to `<path>.1` first. */
export function openLog(path: string): LogFile {
  if (sizeOf(path) > ROTATE_BYTES) renameSync(path, `${path}.1`)
  const descriptor = openSync(path, 'a', 0o644)
  return { path, startBytes: fstatSync(descriptor).size, descriptor }
}

/** The last lines that were written since the child began. */
export function lastLines(log: Pick<LogFile, 'path' | 'startBytes'>, count: number): string[] {
  const descriptor = openSync(log.path, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const from = Math.max(log.startBytes, size - TAIL_BYTES)
    const bytes = Buffer.alloc(Math.max(0, size - from))
    readSync(descriptor, bytes, 0, bytes.length, from)
    return tail(bytes.toString('utf8'), count)
  } finally {
    closeSync(descriptor)
  }
}

/** The last lines of a text that say something, shortened to what a terminal can show. */
export function tail(text: string, count: number): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines
    .slice(-count)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line.trimEnd()))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
