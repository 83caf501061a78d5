import { readdirSync, readFileSync } from 'node:fs'

/** The clock of /proc/<pid>/stat ticks a hundred times a second on every Linux that Node runs on. */
const TICK_MS = 10

/** Group and CPU time in milliseconds, from the text of /proc/<pid>/stat. The name in brackets may hold anything. */
export function parseStat(text: string): { readonly group: number; readonly cpuMs: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { group: Number(fields[2]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS }
}

/** CPU time of the whole machine so far, in milliseconds, from the text of /proc/stat: what is neither idle nor waiting. */
export function parseBusyMs(text: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = text
    .slice(0, text.indexOf('\n'))
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softIrq) * TICK_MS
}

/** Resident memory in MB (a million bytes), from the text of /proc/<pid>/status. */
export function parseRssMb(text: string): number {
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024) / 1_000_000
}

/** The processes of a group: a server is a shell or launcher and what it has started. */
export function groupMembers(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.group === group)
}

/** CPU time that the processes have used so far, in milliseconds; one that is gone counts nothing. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (statOf(pid)?.cpuMs ?? 0), 0)
}

export function busyMsOfMachine(): number {
  return parseBusyMs(read('/proc/stat') ?? '')
}

export function rssMbOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + parseRssMb(read(`/proc/${pid}/status`) ?? ''), 0)
}

function statOf(pid: number) {
  const text = read(`/proc/${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
