import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { AppError } from '../errors.ts'
import { isAlive, type ProcessId, startOf } from './process-id.ts'

/** A server or program of the run. */
export interface Member extends ProcessId {
  readonly name: string
}

interface Record extends ProcessId {
  readonly members: readonly Member[]
}

/** The one run of a home folder. */
export interface Lock {
  /** What a run that was killed has left running. */
  readonly leftovers: readonly Member[]
  /** Notes a started process, for the run after this one. */
  note(name: string, pid: number): void
  release(): void
}

/**
 * Takes the home folder for this process. The lock of a process that is gone counts for nothing.
 *
 * @throws AppError `local_run` with the pid of the run that has it.
 */
export function takeLock(file: string, start: (pid: number) => string | undefined = startOf): Lock {
  const held = read(file)
  if (held && isAlive(held, start)) {
    throw new AppError(
      'local_run',
      `A run with the same folder is already active: pid ${held.pid} (${file}). ` +
        'Stop it with Ctrl-C where it runs, or set TRACARDI_HOME to another folder (and other ports) for a second one.',
      { context: { pid: held.pid, file } },
    )
  }
  const leftovers = (held?.members ?? []).filter((member) => isAlive(member, start))
  if (held) rmSync(file)

  const members = new Map(leftovers.map((member) => [member.name, member]))
  const own = { pid: process.pid, started: start(process.pid) ?? '' }
  const text = (): string => `${JSON.stringify({ ...own, members: [...members.values()] } satisfies Record, null, 2)}\n`
  create(file, text())
  return {
    leftovers,
    note: (name, pid) => {
      members.set(name, { name, pid, started: start(pid) ?? '' })
      // Renamed into place, so that being killed in between leaves the last good one.
      writeFileSync(`${file}.new`, text())
      renameSync(`${file}.new`, file)
    },
    release: () => rmSync(file, { force: true }),
  }
}

/** The process that has the lock, if it lives. */
export function runningPid(file: string, start: (pid: number) => string | undefined = startOf): number | undefined {
  const held = read(file)
  return held && isAlive(held, start) ? held.pid : undefined
}

/** Only one of two runs that start at the same moment creates the file. */
function create(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new AppError('local_run', `Another run has just taken ${file}. Wait for it, or stop it.`, { cause })
  }
}

function read(file: string): Record | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record>
    return { pid: record.pid ?? 0, started: record.started ?? '', members: record.members ?? [] }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    // Not JSON: an empty file after a crash of the machine. Nothing of that run can still be alive.
    if (error instanceof SyntaxError) return { pid: 0, started: '', members: [] }
    throw error
  }
}
