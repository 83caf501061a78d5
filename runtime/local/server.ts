import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from './child.ts'
import type { Java } from './java.ts'
import { giveTo, type RunAs } from './server-user.ts'

/** A server that was started and is ready. */
export type Server = Child

/** What is the same for the two servers. */
export interface ServerOptions {
  /** The unpacked distribution; read only. */
  readonly distribution: string
  /** Everything that this server writes but its log. A server starts again on the folder of one that was killed. */
  readonly folder: string
  readonly java: Java
  /** Heap in the JVM's notation. @default '1g' */
  readonly heap?: string
  /** @default the user of this process */
  readonly runAs?: RunAs | undefined
  /** @default `<folder>/server.log` */
  readonly logFile?: string
  /** Called as soon as the process exists, long before it is ready. */
  readonly onStart?: (child: Child) => void
  /** Stops the wait for readiness, and the server with it. */
  readonly signal?: AbortSignal
}

export interface ServerFolders {
  readonly data: string
  readonly conf: string
  readonly tmp: string
}

/** The folders in the folder of a server. Only `data` outlives a start: a killed JVM leaves its temporary files behind. */
export function prepareFolders(folder: string): ServerFolders {
  const folders = { data: join(folder, 'data'), conf: join(folder, 'conf'), tmp: join(folder, 'tmp') }
  for (const path of [folders.conf, folders.tmp]) rmSync(path, { recursive: true, force: true })
  for (const path of [folder, ...Object.values(folders)]) mkdirSync(path, { recursive: true, mode: 0o755 })
  return folders
}

/** After everything is written: the server may write there too. */
export function handOver(folders: ServerFolders, runAs: RunAs | undefined): void {
  for (const path of Object.values(folders)) giveTo(runAs, path)
}

/** The environment of a server: ours without what would reach into its JVM. */
export function serverEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(JAVA|JDK|_JAVA|ES|PULSAR|BK|BOOKIE)_|^OPTS$/.test(name),
  )
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...own }
}
