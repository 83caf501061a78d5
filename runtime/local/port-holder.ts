import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** The process that listens on a port. */
export interface Holder {
  readonly pid: number
  readonly program: string
}

const LISTEN = '0A'

/** The inode of the socket that listens on a port, from the text of `/proc/net/tcp` or `/proc/net/tcp6`. */
export function listeningInode(table: string, port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[1]?.endsWith(`:${hex}`) && columns[3] === LISTEN) return columns[9]
  }
  return undefined
}

/** The process that listens on a port, if the system reports it (Linux, and not another user's process unless we are root). */
export function holderOf(port: number): Holder | undefined {
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .map((path) => listeningInode(readOr(path, ''), port))
    .find((found) => found !== undefined)
  if (inode === undefined) return undefined
  const pid = listOr('/proc').find((name) => /^\d+$/.test(name) && holdsSocket(name, inode))
  if (pid === undefined) return undefined
  return { pid: Number(pid), program: programIn(readOr(`/proc/${pid}/cmdline`, '')) }
}

/** The name of the program in the text of `/proc/<pid>/cmdline`. Not `comm`: that is the name of a thread. */
export function programIn(commandLine: string): string {
  return basename(commandLine.split('\0')[0] ?? '') || 'a program'
}

function holdsSocket(pid: string, inode: string): boolean {
  const folder = `/proc/${pid}/fd`
  return listOr(folder).some((descriptor) => linkOr(`${folder}/${descriptor}`) === `socket:[${inode}]`)
}

// Processes come and go and many are not ours to look at, so each of these answers nothing instead of failing.

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function listOr(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
