import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import { closedFolder, isAlive, type ProcessId, type RunAs, startOf } from './child.ts'
import type { Environment } from './settings.ts'

/** Where the one-machine run keeps its things, outside the work tree. */
export interface Home {
  readonly folder: string
  /** Downloaded servers; they outlive `--fresh`. */
  readonly servers: string
  /** Topics and indices; `--fresh` removes it. */
  readonly data: string
  readonly logs: string
  readonly lockFile: string
  readonly sourcesFile: string
  /** Generated once; it outlives `--fresh`. */
  readonly credentialsFile: string
  /** Only while a run is active: what the commands on this machine need, secrets included. */
  readonly run: string
}

const FIRST_SOURCES = { 'my-source': { name: 'My first source', enabled: true, allowedOrigins: ['*'] } }

/**
 * The folder of the run. Root's is not in its own home folder, because the servers run as another user, who may not
 * look there.
 */
export function homeFolder(env: Environment, configured: string, uid: number | undefined, userHome: string): string {
  if (configured !== '') return resolve(configured)
  if (uid === 0) return '/var/lib/tracardi-at-scale'
  return join(env['XDG_DATA_HOME'] || join(userHome, '.local/share'), 'tracardi-at-scale')
}

export function homeIn(folder: string): Home {
  return {
    folder,
    servers: join(folder, 'servers'),
    data: join(folder, 'data'),
    logs: join(folder, 'logs'),
    lockFile: join(folder, 'running.json'),
    sourcesFile: join(folder, 'sources.json'),
    credentialsFile: join(folder, 'credentials.json'),
    run: join(folder, 'run'),
  }
}

/** Creates the folders. @throws AppError `local_run` when they cannot be made, or the servers could not read them. */
export function prepareHome(home: Home, runAs: RunAs | undefined): void {
  try {
    // Explicit, because root's umask may hide new folders from the user of the servers.
    for (const folder of [home.folder, home.servers, home.data, home.logs]) {
      mkdirSync(folder, { recursive: true, mode: 0o755 })
    }
  } catch (cause) {
    throw new AppError(
      'local_run',
      `The folder ${home.folder} cannot be written: ${messageOf(cause)}. Set TRACARDI_HOME to a folder that you own.`,
    )
  }
  const closed = runAs && closedFolder(home.servers)
  if (closed) {
    throw new AppError(
      'local_run',
      `You are root, so the servers run as user ${runAs.uid}, which may not enter ${closed}. ` +
        `Allow it (chmod o+x ${closed}), or set TRACARDI_HOME to a folder that everybody may enter.`,
    )
  }
}

/** Writes the first sources file; an existing one is the user's and stays. */
export function ensureSources(home: Home): void {
  try {
    writeFileSync(home.sourcesFile, `${JSON.stringify(FIRST_SOURCES, null, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Forgets topics and indices. The caller holds the lock. */
export function removeData(home: Home): void {
  rmSync(home.data, { recursive: true, force: true })
  mkdirSync(home.data, { mode: 0o755 })
}

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
