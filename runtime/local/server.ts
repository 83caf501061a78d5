import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Child, endedMessage, giveTo, type RunAs } from './child.ts'
import type { Java } from './java.ts'

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

const POLL_MS = 250
const ANSWER_LIMIT_MS = 3000

/**
 * Waits until a child answers. One that does not is stopped first.
 *
 * @throws AppError `local_run` with the end of its log, when it ends instead or needs longer than the limit.
 */
export async function untilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    for (let leftMs = limitMs; !(await isReady()); leftMs -= POLL_MS) {
      signal?.throwIfAborted()
      if (child.hasExited()) throw new AppError('local_run', endedMessage(child, await child.exited))
      if (leftMs <= 0) throw notReady(child, limitMs)
      await sleep(POLL_MS)
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}

export interface Expected {
  /** The whole body, but for blanks at its ends. @default any */
  readonly text?: string
  /** The header `Authorization` to send. @default none */
  readonly authorization?: string | undefined
}

/** Whether a URL answers 200 as expected. */
export async function answersOk(url: string, { text, authorization }: Expected = {}): Promise<boolean> {
  try {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    const body = await response.text()
    return response.status === 200 && (text === undefined || body.trim() === text)
  } catch {
    return false
  }
}

function notReady(child: Child, limitMs: number): AppError {
  const lines = child.lastLines(5).map((line) => `  ${line}`)
  return new AppError(
    'local_run',
    `${child.name} was not ready after ${limitMs / 1000} s. The last lines of ${child.logFile}:\n${lines.join('\n')}`,
  )
}
