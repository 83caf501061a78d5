import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'

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
