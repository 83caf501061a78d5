import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scriptOf } from '../../infra/kubernetes/config-files.ts'
import { type Child, giveTo, serverUser, startChild } from '../../runtime/local/child.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { overrideProperties } from '../../runtime/local/pulsar.ts'
import { answersOk, serverEnvironment, untilReady } from '../../runtime/local/server.ts'
import { servers } from '../contract/servers.ts'
import { SmallDisk } from '../faults/small-disk.ts'
import { fileOf } from '../infra/pulsar/files.ts'

const LIMIT_MS = 120_000
/** A bit longer than `zkTimeout`. */
const SESSION_MS = 13_000
const CLUSTER = 'tracardi'
const METADATA = new URL('../../infra/pulsar/scripts/metadata.sh', import.meta.url)
const LOST_DISK = new URL('../../infra/pulsar/scripts/bookie-lost-disk.sh', import.meta.url)
const DRAIN = new URL('../../infra/pulsar/scripts/drain-bookies.sh', import.meta.url)

export interface ClusterOptions {
  /** Of its folder and its logs. */
  readonly name: string
  readonly zones: readonly string[]
  readonly bookiesInZone: number
  readonly brokers: number
  /** Sizes of disks of their own, in memory, for ZooKeeper and for each bookie. Needs root. @default folders without a limit */
  readonly disksMib?: { readonly zookeeper: number; readonly bookie: number }
  /** What the stack of the brokers states besides, and overrides of their configuration. @default nothing */
  readonly broker?: {
    /** @default that of the contract tests */
    readonly distribution?: string
    readonly stack?: Readonly<Record<string, unknown>>
    readonly conf?: Readonly<Record<string, string>>
    readonly env?: Readonly<Record<string, string>>
  }
}

interface Bookie {
  /** `host:port`, each with an address of its own: racks belong to addresses. */
  readonly id: string
  readonly zone: string
  readonly child: Child
  readonly disk?: SmallDisk | undefined
}

interface ZooKeeper {
  readonly child: Child
  readonly port: number
  /** File of its configuration. */
  readonly conf: string
  readonly disk: SmallDisk | undefined
}

interface Broker {
  /** `host:port` of its admin API. */
  readonly admin: string
  readonly serviceUrl: string
}

/** A ZooKeeper, bookies in zones and brokers with the configuration of production: only hosts, ports, folders and tokens differ. */
export class PulsarCluster {
  readonly #folder: string
  readonly #children: Child[] = []
  readonly #bookies: Bookie[] = []
  readonly #brokers: Broker[] = []
  #zookeeper = ''
  #ensemble: ZooKeeper | undefined
  #runs = 0

  readonly #broker: NonNullable<ClusterOptions['broker']>
  readonly #disksMib: ClusterOptions['disksMib']

  private constructor(folder: string, { broker = {}, disksMib }: Pick<ClusterOptions, 'broker' | 'disksMib'>) {
    this.#folder = folder
    this.#broker = broker
    this.#disksMib = disksMib
  }

  static async start(options: ClusterOptions): Promise<PulsarCluster> {
    const { name, zones, bookiesInZone, brokers } = options
    const folder = join(servers().folder, name)
    mkdirSync(folder)
    const cluster = new PulsarCluster(folder, options)
    await cluster.#startZooKeeper()
    const ids = await Promise.all(
      zones
        .flatMap((zone) => Array.from({ length: bookiesInZone }, () => zone))
        .map(async (zone, at) => ({ zone, host: `127.0.0.${2 + at}`, port: await freePort() })),
    )
    const webPorts = await Promise.all(Array.from({ length: brokers }, () => freePort()))
    await cluster.#makeMetadata(ids, webPorts[0] as number)
    await inPairs(ids, (id) => cluster.#startBookie(id))
    await inPairs(webPorts, (port) => cluster.#startBroker(port))
    return cluster
  }

  get bookies(): readonly Omit<Bookie, 'child'>[] {
    return this.#bookies
  }

  get brokers(): readonly Broker[] {
    return this.#brokers
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.reverse().map((child) => child.stop()))
    for (const { disk } of this.#bookies) disk?.unmount()
    this.#ensemble?.disk?.unmount()
  }

  /** The disk of ZooKeeper, where it has one of its own, and whether it serves. */
  get zookeeper() {
    const { disk, port, child } = this.#ensemble as ZooKeeper
    return { disk: disk as SmallDisk, child, serves: () => isLeader(port) }
  }

  /** ZooKeeper again, on its disk, after it has ended. */
  async startZooKeeperAgain(): Promise<void> {
    const { conf, port, disk } = this.#ensemble as ZooKeeper
    const child = await this.#startWith('zookeeper-again', ['zookeeper'], { PULSAR_ZK_CONF: conf })
    this.#ensemble = { child, port, conf, disk }
    await untilReady(child, () => isLeader(port), LIMIT_MS)
  }

  /** Kills each bookie of a zone, as the loss of the zone does. */
  loseZone(zone: string): void {
    for (const bookie of this.#bookies) if (bookie.zone === zone) bookie.child.kill()
  }

  /** One more bookie, with a number of volumes for its journal, and for its ledgers. @returns its id */
  async addBookie(zone: string, volumes: number): Promise<string> {
    const [host, port] = [`127.0.0.${2 + this.#bookies.length}`, await freePort()]
    await this.#startBookie({ zone, host, port }, 'writable', volumes)
    return `${host}:${port}`
  }

  /** A bookie that was killed, or has ended, with the disk that it had or with an empty one. */
  async startAgain(id: string, mode: 'writable' | 'read-only', disk: 'old' | 'empty' = 'old'): Promise<void> {
    const at = this.#bookies.findIndex((bookie) => bookie.id === id)
    const { zone } = this.#bookies.splice(at, 1)[0] as Bookie
    const [host = '', port] = id.split(':')
    // The start script of a pod tries again until ZooKeeper has forgotten the process that was killed.
    await sleep(SESSION_MS)
    if (disk === 'empty') rmSync(join(this.#folder, `bookie-${host}`), { recursive: true })
    await this.#startBookie({ zone, host, port: Number(port) }, mode)
  }

  async killBookie(id: string): Promise<void> {
    const { child } = this.#bookies.find((bookie) => bookie.id === id) as Bookie
    child.kill()
    await child.exited
  }

  /** What the pod of a bookie does before its start, with empty disks. It ends when the bookie may start. */
  async replaceDisk(id: string): Promise<Child> {
    const [host = ''] = id.split(':')
    const disk = join(this.#folder, `bookie-${host}`)
    rmSync(disk, { recursive: true })
    for (const kind of ['journal', 'ledgers']) mkdirSync(join(disk, kind), { recursive: true })
    await this.#bookieConf('bookkeeper', {})
    const [name = '', ...domain] = id.split('.')
    const script = scriptOf(LOST_DISK, { DATA: disk, DOMAIN: domain.join('.'), PAUSE_SECONDS: 1 })
    const command = ['bash', '-c', script.replaceAll('/config/', `${this.#folder}/`)]
    return this.#start(`lost-disk-${host}`, command, { HOSTNAME: name })
  }

  /** By the script of the Job of bookies, of which these are wanted. */
  async drain(when: 'before' | 'after', wanted: readonly string[], seconds: number): Promise<Child> {
    this.#runs += 1
    const file = `drain-${this.#runs}`
    await this.#bookieConf('bookkeeper', {})
    const script = scriptOf(DRAIN, {
      ...{ WHEN: when, WANTED: wanted.join(' '), OURS: '^127[.]0[.]0[.]', SKIPPED: '^-', ENSEMBLE: 3 },
      ...{ SECONDS: seconds, ADMIN_URL: `http://${this.#brokers[0]?.admin}`, TOKEN_FILE: '/none' },
      MESSAGE_FILE: join(this.#folder, `${file}.reason`),
    }).replaceAll('/config/', `${this.#folder}/`)
    const small = {
      BOOKIE_MEM: '-Xmx192m -XX:MaxDirectMemorySize=96m',
      BOOKIE_GC: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
    }
    return this.#start(file, ['bash', '-c', script], { ...small, BOOKIE_GC_LOG: '-Xlog:disable' })
  }

  /** Copies what lost bookies had, without the times for which production waits for them, and with each open ledger. */
  async startAutorecovery(): Promise<void> {
    const metrics = await freePort()
    const conf = await this.#bookieConf('autorecovery', {
      lostBookieRecoveryDelay: '0',
      openLedgerRereplicationGracePeriod: '1000',
      rwRereplicateBackoffMs: '100',
      prometheusStatsHttpPort: `${metrics}`,
    })
    const child = await this.#startWith('autorecovery', ['autorecovery'], { PULSAR_BOOKKEEPER_CONF: conf })
    await untilReady(child, () => answersOk(`http://127.0.0.1:${metrics}/metrics`), LIMIT_MS)
  }

  /** The metadata of each ledger, as BookKeeper prints it. What a broker reports of them can be older. */
  async ledgers(): Promise<readonly string[]> {
    return (await this.#listLedgers('-meta')).match(/LedgerMetadata\{.*/g) ?? []
  }

  /** The ledgers that the bookies have. */
  async ledgerIds(): Promise<readonly number[]> {
    return [...(await this.#listLedgers()).matchAll(/ledgerID: (\d+)/g)].map(([, id]) => Number(id))
  }

  async #listLedgers(...options: readonly string[]): Promise<string> {
    const env = {
      BOOKIE_CONF: await this.#bookieConf('shell', {}),
      BOOKIE_LOG_DIR: this.#folder,
    }
    return this.run('ledgers', ['bin/bookkeeper', 'shell', 'listledgers', ...options], env)
  }

  /** The bookies that are read-only. */
  async readOnly(): Promise<readonly string[]> {
    const env = { BOOKIE_CONF: await this.#bookieConf('shell', {}), BOOKIE_LOG_DIR: this.#folder }
    const text = await this.run('read-only', ['bin/bookkeeper', 'shell', 'listbookies', '-ro'], env)
    return [...text.matchAll(/BookieID:([^, \n]+)/g)].map(([, id = '']) => id).sort()
  }

  /** The bookies that have a cookie: those that ever were, and were not forgotten. */
  async cookies(): Promise<readonly string[]> {
    const env = { BOOKIE_CONF: await this.#bookieConf('shell', {}), BOOKIE_LOG_DIR: this.#folder }
    const text = await this.run('cookies', ['bin/bookkeeper', 'shell', 'listbookies', '-a'], env)
    return [...text.matchAll(/BookieID:([^, \n]+)/g)].map(([, id = '']) => id).sort()
  }

  /** A call of the admin API that must succeed. @param path after `/admin/v2/`. */
  async call(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`http://${this.#brokers[0]?.admin}/admin/v2/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path} → ${answer.status} ${await answer.text()}`)
  }

  /** A topic whose messages are never deleted. @param path like `public/default/name`. */
  async createTopic(path: string): Promise<void> {
    const namespace = `namespaces/${path.slice(0, path.lastIndexOf('/'))}`
    const forever = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 }
    await this.call('POST', `${namespace}/retention`, forever)
    await this.call('PUT', `persistent/${path}`)
  }

  /** Publishes texts to a topic. @throws Error when not all of them are acknowledged. */
  async produce(path: string, texts: readonly string[]): Promise<void> {
    await this.#client('produce', '--messages', texts.join(), `persistent://${path}`)
  }

  /** The texts of a topic from its beginning, without a subscription. Waits for as many messages. */
  async read(path: string, messages: number): Promise<readonly string[]> {
    const output = await this.#client('read', '-m', 'earliest', '-n', `${messages}`, `persistent://${path}`)
    return [...output.matchAll(/content:(.*)$/gm)].map(([, text = '']) => text)
  }

  #client(...words: readonly string[]): Promise<string> {
    return this.run(words[0] as string, [
      'bin/pulsar-client',
      '--url',
      this.#brokers[0]?.serviceUrl as string,
      ...words,
    ])
  }

  /** Runs a command of Pulsar's distribution to its end. @returns what it has printed. @throws Error where it fails. */
  async run(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    this.#runs += 1
    const child = await this.#start(`${name}-${this.#runs}`, command, env)
    if ((await child.exited).code !== 0) throw new Error(`${name} failed:\n${child.lastLines(20).join('\n')}`)
    return readFileSync(child.logFile, 'utf8')
  }

  async #startZooKeeper(): Promise<void> {
    const [client, server, election, metrics] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
    const data = join(this.#folder, 'zookeeper')
    const dynamic = join(this.#folder, 'ensemble')
    mkdirSync(data)
    const disk = this.#disksMib && SmallDisk.mount(data, this.#disksMib.zookeeper)
    writeFileSync(join(data, 'myid'), '1\n')
    writeFileSync(dynamic, `server.1=127.0.0.1:${server}:${election}:participant;127.0.0.1:${client}\n`)
    const conf = await this.#write('zookeeper.conf', await fileOf('production', 'zookeeper', 'zookeeper.conf'), {
      dataDir: data,
      dynamicConfigFile: dynamic,
      'metricsProvider.httpPort': `${metrics}`,
    })
    this.#zookeeper = `127.0.0.1:${client}`
    const child = await this.#startWith('zookeeper', ['zookeeper'], { PULSAR_ZK_CONF: conf })
    this.#ensemble = { child, port: client, conf, disk }
    await untilReady(child, () => isLeader(client), LIMIT_MS)
  }

  /** By the script of the Job `pulsar-metadata`, with the racks of these bookies. */
  async #makeMetadata(
    bookies: readonly { zone: string; host: string; port: number }[],
    webPort: number,
  ): Promise<void> {
    const racks = bookies.map(({ zone, host, port }) => {
      const id = `${host}:${port}`
      return [id, { rack: `/${zone}`, hostname: id }]
    })
    const script = scriptOf(METADATA, {
      ...{ CLUSTER, ZOOKEEPER: this.#zookeeper, BROKER: '127.0.0.1', ADMIN_PORT: webPort, BROKER_PORT: 1 },
      RACKS: JSON.stringify({ default: Object.fromEntries(racks) }),
    })
    await this.run('metadata', ['bash', '-c', script])
  }

  async #startBookie(
    { zone, host, port }: { zone: string; host: string; port: number },
    mode: 'writable' | 'read-only' = 'writable',
    volumes = 1,
  ): Promise<void> {
    const name = `bookie-${host}`
    const metrics = await freePort()
    const disk = this.#disksMib && SmallDisk.mount(join(this.#folder, name), this.#disksMib.bookie)
    const [journals, ledgers] = ['journal', 'ledgers'].map((kind) =>
      Array.from({ length: volumes }, (_, at) => join(this.#folder, name, at === 0 ? kind : `${kind}${at}`)),
    ) as [string[], string[]]
    for (const path of [...journals, ...ledgers]) mkdirSync(path, { recursive: true })
    const conf = await this.#bookieConf(name, {
      bookiePort: `${port}`,
      advertisedAddress: host,
      prometheusStatsHttpPort: `${metrics}`,
      forceReadOnlyBookie: `${mode === 'read-only'}`,
      journalDirectories: journals.join(','),
      ledgerDirectories: ledgers.join(','),
      readOnlyModeOnAnyDiskFullEnabled: `${volumes > 1}`,
    })
    const child = await this.#startWith(name, ['bookie'], { PULSAR_BOOKKEEPER_CONF: conf })
    this.#bookies.push({ id: `${host}:${port}`, zone, child, disk })
    await untilReady(child, () => answersOk(`http://127.0.0.1:${metrics}/metrics`), LIMIT_MS)
  }

  async #bookieConf(name: string, overrides: Readonly<Record<string, string>>): Promise<string> {
    const original = await fileOf('production', 'bookkeeper', 'bookkeeper.conf')
    return this.#write(`${name}.conf`, original, {
      metadataServiceUri: `metadata-store:zk:${this.#zookeeper}`,
      useHostNameAsBookieID: 'false',
      advertisedAddress: '127.0.0.1',
      // The disk of a machine for tests may be nearly full.
      ...(this.#disksMib
        ? {}
        : { diskUsageThreshold: '0.99', diskUsageWarnThreshold: '0.98', diskUsageLwmThreshold: '0.98' }),
      ...overrides,
    })
  }

  async #startBroker(webPort: number): Promise<void> {
    const name = `broker-${webPort}`
    const port = await freePort()
    const { stack = {}, conf: overrides = {} } = this.#broker
    const conf = await this.#write(`${name}.conf`, await fileOf('production', 'broker', 'broker.conf', stack), {
      metadataStoreUrl: `zk:${this.#zookeeper}`,
      configurationMetadataStoreUrl: `zk:${this.#zookeeper}`,
      brokerServicePort: `${port}`,
      webServicePort: `${webPort}`,
      bindAddress: '127.0.0.1',
      advertisedAddress: '127.0.0.1',
      authenticationEnabled: 'false',
      authorizationEnabled: 'false',
      webSocketServiceEnabled: 'true',
      brokerClientAuthenticationPlugin: '',
      brokerClientAuthenticationParameters: '',
      statusFilePath: '',
      ...overrides,
    })
    const { distribution, env } = this.#broker
    const child = await this.#start(name, ['bin/pulsar', 'broker'], { PULSAR_BROKER_CONF: conf, ...env }, distribution)
    const admin = `127.0.0.1:${webPort}`
    await untilReady(child, () => answersOk(`http://${admin}/admin/v2/brokers/health`), LIMIT_MS)
    this.#brokers.push({ admin, serviceUrl: `pulsar://127.0.0.1:${port}` })
  }

  async #write(file: string, original: string, overrides: Readonly<Record<string, string>>): Promise<string> {
    const path = join(this.#folder, file)
    writeFileSync(path, overrideProperties(original, overrides))
    return path
  }

  #startWith(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
    return this.#start(name, ['bin/pulsar', ...args], env)
  }

  async #start(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd: string = servers().distributions.pulsar,
  ): Promise<Child> {
    const { java } = servers()
    const [program = '', ...args] = command
    giveTo(serverUser(), this.#folder)
    const child = await startChild({
      ...{ name, program, args, cwd },
      env: serverEnvironment({
        JAVA_HOME: java.home,
        PULSAR_MEM: '-Xmx256m -XX:MaxDirectMemorySize=256m',
        PULSAR_GC: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
        PULSAR_GC_LOG: ' ',
        PULSAR_LOG_DIR: this.#folder,
        ...env,
      }),
      ...{ logFile: join(this.#folder, `${name}.log`), runAs: serverUser(), stopLimitMs: 20_000 },
    })
    this.#children.push(child)
    return child
  }
}

/** Whether the ZooKeeper at a port serves. */
export async function isLeader(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'))
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(/^Mode: leader/m.test(answer)))
  })
}

/** Two at a time, as many as a small machine has cores: a bookie that starts too slowly loses its session with ZooKeeper, and ends. */
async function inPairs<T>(all: readonly T[], start: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += 2) await Promise.all(all.slice(at, at + 2).map(start))
}
