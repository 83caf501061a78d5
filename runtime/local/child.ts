import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync, readSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'

export interface ChildOptions {
  /** What to call it in messages. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where its output goes; appended to. */
  readonly logFile: string
  readonly runAs?: RunAs | undefined
  /** Maximum wait after SIGTERM before it is killed. */
  readonly stopLimitMs: number
}

/** How a child ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Fulfilled when it has ended. */
  readonly exited: Promise<Exit>
  hasExited(): boolean
  /** The last lines of its log, since it was started. */
  lastLines(count: number): string[]
  /** Asks it to end and waits; after the limit it is killed. */
  stop(): Promise<void>
  /** SIGKILL to it and to what it started. */
  kill(): void
}

/** Groups that live, with the names of their leaders. Nothing that we started may outlive us. */
const living = new Map<number, string>()
process.on('exit', killAllChildren)

/** Immediately kills everything that was started and still runs. */
export function killAllChildren(): void {
  for (const pid of living.keys()) signalGroup(pid, 'SIGKILL')
}

/** What was started and still runs. */
export function livingNames(): readonly string[] {
  return [...living.values()]
}

/**
 * Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches only us.
 *
 * @throws AppError `local_run` when it cannot be started.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, program, logFile } = options
  const log = openLog(logFile)
  const child = spawn(program, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log.descriptor, log.descriptor],
    detached: true,
    ...options.runAs,
  })
  try {
    await once(child, 'spawn')
  } catch (cause) {
    throw new AppError('local_run', `${name} cannot be started (${program})`, { cause })
  } finally {
    closeSync(log.descriptor)
  }
  const pid = child.pid as number
  living.set(pid, name)
  let ended = false
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true
      // What it started must not live on without it.
      signalGroup(pid, 'SIGKILL')
      living.delete(pid)
      resolve({ code, signal })
    })
  })
  const kill = (): void => {
    if (!ended) signalGroup(pid, 'SIGKILL')
  }
  return {
    name,
    pid,
    logFile,
    exited,
    hasExited: () => ended,
    lastLines: (count) => lastLines(log, count),
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(kill, options.stopLimitMs)
      await exited
      clearTimeout(timer)
    },
    kill,
  }
}

export function exitInWords({ code, signal }: Exit): string {
  return signal ? `killed by ${signal}` : `exit code ${code}`
}

/** How a child ended, with the end of its log: what a person needs to see. */
export function endedMessage(child: Child, exit: Exit): string {
  const LAST_LINES = 12
  const lines = child.lastLines(LAST_LINES).map((line) => `  ${line}`)
  const told =
    lines.length > 0 ? [`The last lines of ${child.logFile}:`, ...lines] : [`It wrote nothing to ${child.logFile}.`]
  return [`${child.name} ended (${exitInWords(exit)}).`, ...told].join('\n')
}

/** Identifies a process: its start time distinguishes it from a later one with the same pid. */
export interface ProcessId {
  readonly pid: number
  readonly started: string
}

/** When the process with this pid was started, as text to compare; nothing when there is none. */
export function startOf(pid: number): string | undefined {
  try {
    return startInStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return startByPs(pid)
  }
}

/** The 22nd column; the second is the program's name in brackets, which may hold blanks and brackets itself. */
export function startInStat(stat: string): string | undefined {
  return stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ')[19]
}

export function isAlive(process: ProcessId, start: (pid: number) => string | undefined = startOf): boolean {
  return start(process.pid) === process.started
}

/** Ends the process group that a killed run left behind: politely, and after the limit by force. */
export async function endGroup(leader: ProcessId, limitMs: number): Promise<void> {
  const POLL_MS = 100
  signalGroup(leader.pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < limitMs && isAlive(leader); waitedMs += POLL_MS) await sleep(POLL_MS)
  signalGroup(leader.pid, 'SIGKILL')
}

/** Signals a process group; one that is gone is no fault. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

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
function openLog(path: string): LogFile {
  if (sizeOf(path) > ROTATE_BYTES) renameSync(path, `${path}.1`)
  const descriptor = openSync(path, 'a', 0o644)
  return { path, startBytes: fstatSync(descriptor).size, descriptor }
}

/** The last lines that were written since the child began. */
function lastLines(log: Pick<LogFile, 'path' | 'startBytes'>, count: number): string[] {
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

/** The user that a server runs as. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** `nobody`: an id without rights, which exists on every Linux without being created. */
const NOBODY: RunAs = { uid: 65534, gid: 65534 }

/** Elasticsearch refuses to run as root, so the servers of a root user run as `nobody`; others run as the user. */
export function serverUser(uid: number | undefined = process.getuid?.()): RunAs | undefined {
  return uid === 0 ? NOBODY : undefined
}

/** The first folder on the way to a path which other users cannot pass; the path itself counts. */
export function closedFolder(
  path: string,
  modeOf: (path: string) => number = (folder) => statSync(folder).mode,
): string | undefined {
  const OTHERS_PASS = 0o001
  const parent = dirname(path)
  const above = parent === path ? undefined : closedFolder(parent, modeOf)
  return above ?? ((modeOf(path) & OTHERS_PASS) === 0 ? path : undefined)
}

/** Gives a folder with all that is in it to the user of the servers; nothing to do where they run as ourselves. */
export function giveTo(runAs: RunAs | undefined, folder: string): void {
  if (runAs) execFileSync('chown', ['-R', `${runAs.uid}:${runAs.gid}`, folder])
}
