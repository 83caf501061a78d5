import { readSources } from '../api/sources.ts'
import { AppError } from '../errors.ts'
import { createScreen, type Screen } from '../screen.ts'
import { type Child, endedMessage, endGroup, killAllChildren, livingNames } from './child.ts'
import { ensureCredentials } from './credentials.ts'
import { ensureSources, type Lock, prepareHome, removeData, takeLock } from './home.ts'
import { requireFreeDisk } from './install.ts'
import { type AuthenticatedPlan, type LocalPlan, makePlan, planWith } from './plan.ts'
import { freePortNear, neededPorts, requireFreePorts } from './ports.ts'
import { apiEnvironment, startProgram, transportOf, untilDone, workerEnvironment } from './programs.ts'
import { bookiePortOf } from './pulsar.ts'
import { removeRunRecord, writeRunRecord } from './run-record.ts'
import { noteRun, notesFolder } from './runs.ts'
import { answersOk, untilReady } from './server.ts'
import type { Environment } from './settings.ts'
import { startServers } from './start-servers.ts'
import { onStopSignals, supervise, together } from './supervise.ts'
import { watchPipeline } from './watch.ts'
import { backlogUrl, firstSource, urlOf, welcome } from './welcome.ts'

const PROGRAM_READY_LIMIT_MS = 60_000
const LEFTOVER_LIMIT_MS = 20_000
const KILLED_EXIT_CODE = 130
/** How often is said what the end waits for. */
const WAITING_MS = 1000

/** What must be stopped at the end, in order. */
interface Running {
  readonly name: string
  stop(): Promise<void>
}

/** One run: what every step needs. */
interface Run {
  readonly plan: AuthenticatedPlan
  readonly screen: Screen
  /** Aborted when somebody wants the end, and when a server ended by itself: then with the error as its reason. */
  readonly signal: AbortSignal
  readonly lock: Lock
  readonly servers: Child[]
  readonly programs: Running[]
}

export interface LocalOptions {
  /** Removes topics and indices first; downloads and sources stay. */
  readonly fresh: boolean
  /** Settings of the run and of the programs. */
  readonly env: Environment
}

/**
 * The whole pipeline on one machine, until Ctrl-C.
 *
 * @returns the exit code 0 after a stop that was asked for.
 * @throws AppError `local_run` or `config_invalid` when something is missing or failed; by then everything is stopped.
 */
export async function runLocal(options: LocalOptions): Promise<number> {
  const screen = createScreen(process.stdout)
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  let waiting: NodeJS.Timeout | undefined
  const removeHandlers = onStopSignals({
    stop: () => {
      screen.status('')
      screen.say('Stopping … press Ctrl-C again to force quit')
      const sinceMs = Date.now()
      waiting = setInterval(() => {
        screen.status(waitingText(livingNames(), Math.round((Date.now() - sinceMs) / 1000)))
      }, WAITING_MS)
      stop()
    },
    kill: () => {
      killAllChildren()
      process.exit(KILLED_EXIT_CODE)
    },
  })
  // The reader of our output may end first (`npm start | head`); then nobody sees the run any more.
  process.stdout.on('error', stop)
  try {
    await prepareAndRun(options, screen, stopping.signal)
  } catch (error) {
    // The steps end with the signal's reason when they were aborted.
    if (error !== stopping.signal.reason) throw error
  } finally {
    clearInterval(waiting)
    removeHandlers()
  }
  return 0
}

async function prepareAndRun({ fresh, env }: LocalOptions, screen: Screen, stopSignal: AbortSignal): Promise<void> {
  const planned = makePlan(env)
  prepareHome(planned.home, planned.runAs)
  const lock = takeLock(planned.home.lockFile)
  const removeNote = noteRun(notesFolder(env), planned.home.folder)
  const failing = new AbortController()
  const signal = AbortSignal.any([stopSignal, failing.signal])
  const running: Pick<Run, 'servers' | 'programs'> = { servers: [], programs: [] }
  try {
    await endLeftovers(lock, screen)
    if (fresh) {
      removeData(planned.home)
      screen.say('The data of earlier runs is removed')
    }
    await requirePreconditions(planned)
    const plan = planWith(planned, ensureCredentials(planned.home.credentialsFile))
    const run: Run = { plan, screen, signal, lock, ...running }
    await startServers(plan, screen, signal, {
      start: ({ name, pid }) => lock.note(name, pid),
      ready: (server) => {
        run.servers.push(server)
        void server.exited.then((exit) => failing.abort(new AppError('local_run', endedMessage(server, exit))))
      },
    })
    await startPrograms(run)
  } finally {
    removeRunRecord(planned.home)
    await stopAll({ screen, ...running })
    if (stopSignal.aborted || running.servers.length > 0) {
      screen.status('')
      screen.say('Stopped. The data is kept.')
    }
    removeNote()
    lock.release()
  }
}

async function requirePreconditions({ config, home, local, starts, pulsarFolder }: LocalPlan): Promise<void> {
  ensureSources(home)
  // The API would end with the same fault, but half a minute later.
  readSources(config.sourcesFile)
  await requireFreePorts(neededPorts(config, local, starts, bookiePortOf(pulsarFolder)))
  if (starts.pulsar || starts.elasticsearch) requireFreeDisk(home.data)
}

/** Sets up, starts the programs and shows how it goes, until the signal. @throws its reason */
async function startPrograms(run: Run): Promise<void> {
  const { plan, screen, signal } = run
  const { config, home } = plan
  await untilDone(await startProgram('set-up', plan.env, config, home.logs), signal)
  screen.say('Topics and indices are set up')

  const workerPort = await freePortNear(config.privatePort + 1, new Set([config.publicPort]))
  const apiUrl = urlOf(config.privateHost, config.privatePort)
  const workerUrl = `http://127.0.0.1:${workerPort}`
  const publicUrl = urlOf(config.publicHost, config.publicPort)
  const headers = writeRunRecord(home, config, { publicUrl, instances: [apiUrl, workerUrl] })
  await together(
    [
      (either) => runProgram({ ...run, signal: either }, 'api', apiEnvironment(plan.env, [workerUrl]), apiUrl),
      (either) => runProgram({ ...run, signal: either }, 'worker', workerEnvironment(plan.env, workerPort), workerUrl),
    ],
    signal,
  )
  const transport = await transportOf(apiUrl)
  screen.say(welcome({ config, workerPort, transport, home, headers, sourceId: firstSource(config.sourcesFile) }))
  const watched = {
    apiUrl,
    workerUrl,
    backlogUrl: backlogUrl(config),
    adviceUrl: `${apiUrl}/console/advice`,
    token: config.privateToken,
  }
  await watchPipeline(watched, screen, signal)
  signal.throwIfAborted()
}

/** Starts the API or the worker, waits until it is ready, and keeps it running from then on. */
async function runProgram(
  { plan, screen, signal, lock, programs }: Run,
  name: 'api' | 'worker',
  env: LocalPlan['env'],
  privateUrl: string,
): Promise<void> {
  const start = async (): Promise<Child> => {
    const child = await startProgram(name, env, plan.config, plan.home.logs)
    lock.note(child.name, child.pid)
    return child
  }
  const child = await start()
  await untilReady(child, () => answersOk(`${privateUrl}/health/ready`), PROGRAM_READY_LIMIT_MS, signal)
  const { stop } = supervise(child, start, screen.say)
  programs.push({ name: child.name, stop })
  screen.say(`${child.name} is ready`)
}

/** In the order of the data: nothing new is taken, then what is under way is stored, then the servers may go. */
async function stopAll({ screen, servers, programs }: Pick<Run, 'screen' | 'servers' | 'programs'>): Promise<void> {
  if (servers.length + programs.length === 0) return
  screen.status('')
  for (const program of programs.sort((one, other) => one.name.localeCompare(other.name))) {
    screen.say(`Stopping ${program.name} …`)
    await program.stop()
  }
  if (servers.length > 0) screen.say(`Stopping ${servers.map(({ name }) => name).join(' and ')} …`)
  await Promise.all(servers.map((server) => server.stop()))
}

/** What the end of a run waits for; empty when nothing is left. */
export function waitingText(names: readonly string[], seconds: number): string {
  if (names.length === 0) return ''
  const all = new Intl.ListFormat('en-GB').format(names)
  return `Waiting ${seconds} s for ${all} to end; Ctrl-C again kills ${names.length === 1 ? 'it' : 'them'}`
}

/** What a run that was killed has left would hold ports and data. */
async function endLeftovers({ leftovers }: Lock, screen: Screen): Promise<void> {
  for (const { name, pid } of leftovers) screen.say(`Ending ${name} (pid ${pid}), which a killed run has left behind …`)
  await Promise.all(leftovers.map((leftover) => endGroup(leftover, LEFTOVER_LIMIT_MS)))
}
