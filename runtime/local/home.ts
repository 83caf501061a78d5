import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import { closedFolder, type RunAs } from './server-user.ts'
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
