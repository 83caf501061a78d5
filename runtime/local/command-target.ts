import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import { type Home, homeFolder, homeIn, runningPid } from './home.ts'
import { ADDRESSES, environmentOn, type RunRecord, recordFile } from './run-record.ts'
import { notedRuns, notesFolder } from './runs.ts'
import { type Environment, loadLocalSettings } from './settings.ts'

/** An active run. */
export interface FoundRun extends RunRecord {
  readonly pid: number
  readonly home: string
}

/** Which run a command is for, as its options name it. */
export interface RunChoice {
  /** Of `--run`: a pid, a home folder, or the port of a public listener. */
  readonly run?: string | undefined
  /** A listener that the command calls: the run is the one that it belongs to, or none. */
  readonly url?: string | undefined
}

/** What a command works with. */
export interface CommandTarget {
  readonly env: Environment
  readonly run: FoundRun | undefined
}

/**
 * What a command works on: what the environment names, or the run on this machine; then `say` is called with its name.
 *
 * @param notes the folder of the notes of runs.
 * @throws AppError `run_unclear` when several runs are active and none is named, or the named one is not active.
 * @throws AppError `local_run` when the record of the run cannot be read.
 */
export function commandTarget(
  env: Environment,
  say: (text: string) => void,
  choice: RunChoice = {},
  notes: string = notesFolder(env),
): CommandTarget {
  const chosen = chosenRun(env, choice, notes)
  if (chosen === undefined) return { env, run: undefined }
  const run = found(chosen)
  say(`Using the run on this machine at ${run.publicUrl} (pid ${run.pid}, ${run.home}).`)
  return { env: environmentOn(run, env), run }
}

function chosenRun(env: Environment, choice: RunChoice, notes: string): Candidate | undefined {
  if (choice.run !== undefined) return namedRun(activeRuns(env, notes), choice.run)
  if (ADDRESSES.some((name) => isSet(env, name))) return undefined
  const runs = activeRuns(env, notes)
  const { url } = choice
  // What is called elsewhere gets no credentials of a run.
  if (url !== undefined) return runs.find((run) => listenersOf(run).includes(originOf(url)))
  if (isSet(env, 'TRACARDI_HOME')) return runOfHome(env, runs)
  if (runs.length > 1) throw unclear(`${runs.length} runs are active on this machine, and none is named.`, runs)
  return runs[0]
}

/** The folder that is named may have no run: then neither the run in another one is used, nor what listens at the default ports. */
function runOfHome(env: Environment, runs: readonly Candidate[]): Candidate {
  const { folder } = homeOf(env)
  const run = runs.find(({ home }) => home === folder)
  if (run === undefined) throw unclear(`No run is active in ${folder}, which TRACARDI_HOME names.`, runs)
  return run
}

function namedRun(runs: readonly Candidate[], name: string): Candidate {
  const named = runs.filter(
    (run) =>
      String(run.pid) === name ||
      run.home === resolve(name) ||
      new URL(run.record?.publicUrl ?? 'http://none').port === name,
  )
  const [run] = named
  if (run === undefined || named.length > 1)
    throw unclear(`--run is "${name}", which is ${run === undefined ? 'no' : 'more than one'} active run.`, runs)
  return run
}

function unclear(what: string, runs: readonly Candidate[]): AppError {
  const lines = runs.map(({ pid, home, record }) => `  pid ${pid}, ${record?.publicUrl ?? 'not ready'}, ${home}`)
  const list = runs.length === 0 ? 'No run of this user is active.' : `Active runs:\n${lines.join('\n')}`
  return new AppError('run_unclear', `${what} ${list}`)
}

/** An active run; without a record while it starts or stops. */
interface Candidate {
  readonly pid: number
  readonly home: string
  readonly record: RunRecord | undefined
  /** Why the record cannot be read. */
  readonly fault: unknown
}

function activeRuns(env: Environment, notes: string): readonly Candidate[] {
  const homes = new Map(notedRuns(notes).map(({ home, pid }) => [home, pid]))
  if (isSet(env, 'TRACARDI_HOME')) {
    // Also a run that could not be noted.
    const { lockFile, folder } = homeOf(env)
    const pid = runningPid(lockFile)
    if (pid !== undefined) homes.set(folder, pid)
  }
  return [...homes].map(([home, pid]) => ({ pid, home, ...recordIn(homeIn(home)) }))
}

function recordIn(home: Home): Pick<Candidate, 'record' | 'fault'> {
  try {
    return { record: JSON.parse(readFileSync(recordFile(home), 'utf8')) as RunRecord, fault: undefined }
  } catch (fault) {
    return { record: undefined, fault }
  }
}

function found({ pid, home, record, fault }: Candidate): FoundRun {
  if (record !== undefined) return { ...record, pid, home }
  const isMissing = (fault as NodeJS.ErrnoException).code === 'ENOENT'
  const why = isMissing ? 'it is still starting, or stopping' : messageOf(fault)
  const what = isMissing
    ? 'Wait until it reports "Ready".'
    : 'Run the command as the user of that run, or set PULSAR_HOST, PULSAR_API and ELASTIC_HOST.'
  throw new AppError('local_run', `The run on this machine (pid ${pid}, ${home}) cannot be used: ${why}. ${what}`)
}

function homeOf(env: Environment): Home {
  return homeIn(homeFolder(env, loadLocalSettings(env).home, process.getuid?.(), homedir()))
}

function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '').trim() !== ''
}

function listenersOf({ record }: Candidate): readonly string[] {
  return record === undefined ? [] : [record.publicUrl, ...record.instances].map(originOf)
}

/** A listener by one name: `localhost` is where a run listens. */
export function originOf(url: string): string {
  if (!URL.canParse(url)) return url
  const { protocol, hostname, port } = new URL(url)
  const isLoopback = ['localhost', '[::1]', '127.0.0.1'].includes(hostname)
  return `${protocol}//${isLoopback ? '127.0.0.1' : hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}
