import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

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
