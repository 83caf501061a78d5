import { join } from 'node:path'
import { type Config, toEnv } from '../config.ts'
import { AppError } from '../errors.ts'
import { type Child, endedMessage, startChild } from './child.ts'
import type { Credentials } from './credentials.ts'
import { ELASTIC_USER } from './elasticsearch.ts'
import type { Starts } from './ports.ts'
import { pulsarToken } from './pulsar-security.ts'
import type { Environment } from './settings.ts'

const CLI = join(import.meta.dirname, '../cli.ts')
/** What a program may need after the end of its own grace period. */
const STOP_MARGIN_MS = 5000

export type ProgramName = 'set-up' | 'api' | 'worker'

/** The servers that this run starts; the others are the user's, named in the environment. */
export interface StartedServers {
  readonly pulsar?: { readonly serviceUrl: string; readonly adminUrl: string } | undefined
  readonly elasticsearch?: { readonly url: string } | undefined
}

/** The environment with the credentials of the run: those for its own servers, and the token of the operators. */
export function withCredentials(programs: Environment, starts: Starts, credentials: Credentials): Environment {
  const { pulsarKey, elasticPassword, privateToken } = credentials
  const chosen = programs['PRIVATE_TOKEN'] !== undefined || programs['PRIVATE_TOKEN_FILE'] !== undefined
  return {
    ...programs,
    ...(chosen ? {} : toEnv({ privateToken })),
    // Whatever the user has set is for other servers, which do not take part in this run.
    ...(starts.pulsar && toEnv({ pulsarAuthToken: pulsarToken(pulsarKey) })),
    ...(starts.elasticsearch && {
      ...toEnv({ elasticUsername: ELASTIC_USER, elasticPassword }),
      ELASTIC_API_KEY: '',
    }),
  }
}

/** The environment of the programs: what one machine needs, and above it everything that the user has set. */
export function programEnvironment(user: Environment, sourcesFile: string, servers: StartedServers): Environment {
  const { pulsar, elasticsearch } = servers
  const needed: Partial<Config> = {
    publicHost: '127.0.0.1',
    privateHost: '127.0.0.1',
    sourcesFile,
    // People who try it out want to find an event soon. Under load, bulks are full before that.
    bulkTimeoutSeconds: 1,
    // And to see it arrive.
    apiLiveEvents: true,
    // The disk of one machine has other work.
    ...(pulsar && { pulsarHost: pulsar.serviceUrl, pulsarApi: pulsar.adminUrl, pulsarRetentionSizeGib: 1 }),
    // A replica is never on the node of its shard, and ours has one node. People who try it out search immediately.
    ...(elasticsearch && { elasticHost: elasticsearch.url, indexReplicas: 0, indexRefreshSeconds: 1 }),
  }
  // A blank variable is no value: `readSetting` takes the default for it.
  const given = Object.entries(user).filter(([, value]) => (value ?? '').trim() !== '')
  return { ...toEnv(needed), ...Object.fromEntries(given) }
}

/** The API's: its console shows the instances of the run, unless the user has named others. */
export function apiEnvironment(programs: Environment, instances: readonly string[]): Environment {
  return { ...toEnv({ consoleInstances: instances.join(',') }), ...programs }
}

/** The worker's: the port of the user is the API's. */
export function workerEnvironment(programs: Environment, privatePort: number): Environment {
  return { ...programs, PRIVATE_HOST: '127.0.0.1', PRIVATE_PORT: String(privatePort) }
}

/** Starts one of the programs that the images run. */
export function startProgram(
  name: ProgramName,
  env: Environment,
  config: Pick<Config, 'shutdownGraceSeconds'>,
  logsFolder: string,
  cli: string = CLI,
): Promise<Child> {
  return startChild({
    name: { 'set-up': 'Set-up', api: 'API', worker: 'Worker' }[name],
    program: process.execPath,
    args: [...NODE_OPTIONS, cli, name],
    // Paths in the user's environment are relative to where the user is.
    cwd: process.cwd(),
    env: { ...MALLOC_ENVIRONMENT, ...env },
    logFile: join(logsFolder, `${name}.log`),
    stopLimitMs: config.shutdownGraceSeconds * 1000 + STOP_MARGIN_MS,
  })
}

/** Waits for a program that ends by itself. @throws AppError `local_run` with the end of its log when it failed. */
export async function untilDone(child: Child, signal: AbortSignal): Promise<void> {
  const stop = (): void => child.kill()
  signal.addEventListener('abort', stop)
  const exit = await child.exited
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (exit.code !== 0) throw new AppError('local_run', endedMessage(child, exit))
}

/**
 * How Node.js collects garbage in API and worker, the same here as in their image. Both read and write much and keep
 * little: every message and every body is a buffer outside of the heap, and those that wait for a receipt outlive a young
 * generation which is derived from a small heap. Without these options half of a worker's CPU time was marking, and the API
 * took half as much memory again; `bench/README.md` has the figures.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=6', '--heap-growing-percent=70']

/**
 * One arena of glibc for all threads. Each thread of the native client gets one of its own otherwise, and what is freed in one is of no
 * use to another: 20 MB more, for nothing that was measured.
 */
export const MALLOC_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' }

/** How a program speaks to Pulsar, as it says itself; nothing when it does not answer. */
export async function transportOf(privateUrl: string): Promise<string | undefined> {
  try {
    const answer = (await (await fetch(`${privateUrl}/info/version`)).json()) as { transport?: string }
    return answer.transport
  } catch {
    return undefined
  }
}
