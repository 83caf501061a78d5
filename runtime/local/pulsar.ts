import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { bearer } from './credentials.ts'
import { loopbackInterface, type PulsarSecurity, pulsarToken, securePulsar } from './pulsar-security.ts'
import { answersOk, handOver, prepareFolders, type ServerOptions, serverEnvironment, untilReady } from './server.ts'

const READY_LIMIT_MS = 180_000
const STOP_LIMIT_MS = 30_000

const OPEN: PulsarSecurity = { conf: {}, jvmOption: '' }

export interface PulsarOptions extends ServerOptions {
  readonly brokerPort: number
  readonly webPort: number
  /** Only the first start on a folder chooses it: a bookie that moved would be another bookie. See `bookiePortOf`. */
  readonly bookiePort: number
  /** Overrides of `standalone.conf`. */
  readonly conf?: Readonly<Record<string, string>>
  /** With which it checks tokens, in base64. @default none: it is open to everybody on this machine */
  readonly key?: string | undefined
}

export interface PulsarServer extends Child {
  /** For PULSAR_HOST. */
  readonly serviceUrl: string
  /** For PULSAR_API. */
  readonly adminUrl: string
  /** For PULSAR_AUTH_TOKEN; empty where it asks for none. */
  readonly token: string
}

/** What a run on one machine needs to be otherwise than in the `standalone.conf` of Pulsar. */
export function standaloneOverrides(brokerPort: number, webPort: number): Record<string, string> {
  return {
    brokerServicePort: String(brokerPort),
    webServicePort: String(webPort),
    bindAddress: '127.0.0.1',
    // Else the bookie is known by the address of today's network, and gone tomorrow.
    advertisedAddress: '127.0.0.1',
    // The bookie knows no `bindAddress`; without these it listens on all addresses.
    listeningInterface: loopbackInterface(),
    allowLoopback: 'true',
    // Else a new bookie takes any port instead of the one that it is given.
    allowEphemeralPorts: 'true',
    // A receipt means that the event is on the disk; standalone's own default says "in memory".
    journalSyncData: 'true',
    // No quota: a backlog may grow until the disk is full, and then producers are refused instead of events dropped.
    backlogQuotaDefaultLimitGB: '-1',
    ttlDurationDefaultInSeconds: '0',
    brokerDeleteInactiveTopicsEnabled: 'false',
    webSocketServiceEnabled: 'true',
    // A worker that is stopped, or whose machine is, gives its messages to others after this time.
    webSocketSessionIdleTimeoutMillis: '30000',
    // A laptop's disk may be nearly full; both are fractions of it.
    diskUsageThreshold: '0.99',
    diskUsageWarnThreshold: '0.98',
  }
}

/** The port of the bookie in a folder that was used before: it is part of the bookie's identity. */
export function bookiePortOf(folder: string): number | undefined {
  try {
    const cookie = readFileSync(join(folder, 'data/bookkeeper/current/VERSION'), 'utf8')
    const port = /bookieHost: ".*:(\d+)"/.exec(cookie)?.[1]
    return port === undefined ? undefined : Number(port)
  } catch {
    return undefined
  }
}

/** Starts a Pulsar of one node, broker and bookie in one process, and waits until it is ready. */
export async function startPulsar(options: PulsarOptions): Promise<PulsarServer> {
  const { distribution, folder, runAs, brokerPort, webPort, heap = '1g' } = options
  const folders = prepareFolders(folder)
  const conf = join(folders.conf, 'standalone.conf')
  const security = options.key === undefined ? OPEN : securePulsar(folders.conf, options.key)
  const token = options.key === undefined ? '' : pulsarToken(options.key)
  const overrides = { ...standaloneOverrides(brokerPort, webPort), ...security.conf, ...options.conf }
  const original = readFileSync(join(distribution, 'conf/standalone.conf'), 'utf8')
  writeFileSync(conf, overrideProperties(original, overrides))
  handOver(folders, runAs)

  const child = await startChild({
    name: 'Pulsar',
    program: join(distribution, 'bin/pulsar'),
    args: [
      ...['standalone', '--no-functions-worker', '--no-stream-storage', '--config', conf],
      ...['--metadata-dir', join(folders.data, 'metadata'), '--bookkeeper-dir', join(folders.data, 'bookkeeper')],
      ...['--bookkeeper-port', String(options.bookiePort), '--advertised-address', '127.0.0.1'],
    ],
    cwd: folder,
    env: serverEnvironment({
      JAVA_HOME: options.java.home,
      PULSAR_STANDALONE_CONF: conf,
      PULSAR_MEM: `-Xms${heap} -Xmx${heap} -XX:MaxDirectMemorySize=${heap}`,
      PULSAR_GC: '-XX:+UseG1GC -XX:+PerfDisableSharedMem',
      // A blank, because an empty text would bring the default: files of 20 MB of garbage collections.
      PULSAR_GC_LOG: ' ',
      PULSAR_EXTRA_OPTS: `-Djava.io.tmpdir=${folders.tmp} -Dpulsar.allocator.exit_on_oom=true ${security.jvmOption}`,
      PULSAR_LOG_DIR: folders.tmp,
    }),
    logFile: options.logFile ?? join(folder, 'server.log'),
    runAs,
    stopLimitMs: STOP_LIMIT_MS,
  })
  options.onStart?.(child)
  const adminUrl = `http://127.0.0.1:${webPort}`
  await untilReady(
    child,
    () => answersOk(`${adminUrl}/admin/v2/brokers/health`, { text: 'ok', authorization: bearer(token) }),
    READY_LIMIT_MS,
    options.signal,
  )
  return { ...child, serviceUrl: `pulsar://127.0.0.1:${brokerPort}`, adminUrl, token }
}

/**
 * The text of a Java properties file with some values replaced in place; keys that it does not have are added at the
 * end, so that a reader of the written file sees which values are ours.
 */
export function overrideProperties(text: string, overrides: Readonly<Record<string, string>>): string {
  const missing = new Set(Object.keys(overrides))
  const lines = text.split('\n').map((line) => {
    const key = /^\s*([^#!=:\s]+)\s*[=:]/.exec(line)?.[1]
    if (key === undefined || overrides[key] === undefined) return line
    missing.delete(key)
    return `${key}=${overrides[key]}`
  })
  const added = [...missing].map((key) => `${key}=${overrides[key]}`)
  return added.length === 0
    ? lines.join('\n')
    : `${lines.join('\n').trimEnd()}\n\n# Added for the one-machine run\n${added.join('\n')}\n`
}
