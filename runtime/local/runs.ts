import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isAlive, type ProcessId, startOf } from './child.ts'
import { homeFolder } from './home.ts'
import type { Environment } from './settings.ts'

/** A run that has taken its home folder, ready or not. */
export interface NotedRun extends ProcessId {
  /** Its home folder. */
  readonly home: string
}

/** The same for all runs of a user, whatever TRACARDI_HOME is. No server reads there, so root's may be in XDG_DATA_HOME as well. */
export function notesFolder(env: Environment): string {
  const uid = (env['XDG_DATA_HOME'] ?? '') === '' ? process.getuid?.() : undefined
  return join(homeFolder(env, '', uid, homedir()), 'runs')
}

/**
 * Notes this process as a run, so that commands find it whatever its home folder is. Where it cannot be noted, commands still find it
 * by TRACARDI_HOME.
 *
 * @returns what removes the note.
 */
export function noteRun(folder: string, home: string): () => void {
  const run: NotedRun = { pid: process.pid, started: startOf(process.pid) ?? '', home }
  const file = join(folder, `${run.pid}.json`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    writeFileSync(file, JSON.stringify(run))
  } catch {
    return () => undefined
  }
  return () => rmSync(file, { force: true })
}

/** The runs that are noted and live, by their pid. Notes that a killed run has left are removed. */
export function notedRuns(folder: string): readonly NotedRun[] {
  const runs = filesIn(folder).flatMap((name): NotedRun[] => {
    const run = noteIn(join(folder, name))
    if (run !== undefined && isAlive(run)) return [run]
    rmSync(join(folder, name), { force: true })
    return []
  })
  return runs.sort((one, other) => one.pid - other.pid)
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    // Nothing was ever noted.
    return []
  }
}

/** `undefined` of one that is cut off, as after a crash of the machine, or just removed. */
function noteIn(file: string): NotedRun | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as NotedRun
  } catch {
    return undefined
  }
}
