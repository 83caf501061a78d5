import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { AppError } from '../errors.ts'
import { lastLines, openLog } from './log-file.ts'
import { signalGroup } from './process-id.ts'
import type { RunAs } from './server-user.ts'

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

/** Groups that live. Nothing that we started may outlive us. */
const living = new Set<number>()
process.on('exit', killAllChildren)

/** Immediately kills everything that was started and still runs. */
export function killAllChildren(): void {
  for (const pid of living) signalGroup(pid, 'SIGKILL')
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
  living.add(pid)
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
