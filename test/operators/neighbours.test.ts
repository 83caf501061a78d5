import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type Child, giveTo, serverUser, startChild } from '../../runtime/local/child.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { overrideProperties } from '../../runtime/local/pulsar.ts'
import { serverEnvironment, untilReady } from '../../runtime/local/server.ts'
import { parseMetrics, sumOf } from '../../runtime/telemetry/metrics.ts'
import { servers } from '../contract/servers.ts'
import { fileOf } from '../infra/pulsar/files.ts'
import { changed, registeredBy } from '../support/stack.ts'
import { eventually } from '../support/until.ts'
import { podTemplates } from '../support/workloads.ts'
import { isLeader } from './pulsar-cluster.ts'

const LIMIT_MS = 60_000

/** Whether a bookie takes entries. */
const STATUS = 'bookie_SERVER_STATUS'
const WRITABLE = 1
const READ_ONLY = 0
/** How many bookies of its set the stack wants. */
const COUNT = 'bookkeeper-a.replicas'

/** How a neighbour in the network calls this machine: not by its loopback address, where it has another. */
const NEIGHBOUR = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address
const ADDRESS = NEIGHBOUR ?? '127.0.0.2'

/** The admin verbs of BookKeeper's HTTP server and of ZooKeeper's, those that only read included. */
const VERBS: readonly (readonly [string, string, string?])[] = [
  ['DELETE', '/api/v1/ledger/delete/?ledger_id=1'],
  ['GET', '/api/v1/ledger/list'],
  ['GET', '/api/v1/ledger/metadata/?ledger_id=1'],
  ['GET', '/api/v1/ledger/read/?ledger_id=1'],
  ['GET', '/api/v1/config/server_config'],
  ['PUT', '/api/v1/config/server_config', '{"gcWaitTime": 1}'],
  ['PUT', '/api/v1/bookie/state/readonly', '{"readOnly": true}'],
  ['GET', '/api/v1/bookie/state'],
  ['GET', '/api/v1/bookie/list_bookies'],
  ['GET', '/api/v1/bookie/list_disk_file'],
  ['PUT', '/api/v1/bookie/expand_storage'],
  ['PUT', '/api/v1/bookie/gc'],
  ['PUT', '/api/v1/bookie/gc/suspend_compaction', '{"suspendMajor": true}'],
  ['PUT', '/api/v1/autorecovery/recovery', '{"bookie_src": ["a:3181"], "delete_cookie": true}'],
  ['PUT', '/api/v1/autorecovery/decommission', '{"bookie_src": "a:3181"}'],
  ['GET', '/heartbeat'],
  ['GET', '/commands'],
  ['GET', '/commands/shutdown'],
  ['POST', '/commands/restore'],
  ['PUT', '/metrics', 'x'],
  ['DELETE', '/metrics'],
]

async function statusOf(port: number, [method, path, body]: (typeof VERBS)[number]): Promise<number> {
  const init = { method, signal: AbortSignal.timeout(5000), ...(body === undefined ? {} : { body }) }
  const response = await fetch(`http://${ADDRESS}:${port}${path}`, init)
  await response.arrayBuffer()
  return response.status
}

async function metricOf(port: number, name: string): Promise<number | undefined> {
  const response = await fetch(`http://${ADDRESS}:${port}/metrics`)
  assert.equal(response.status, 200)
  return sumOf(parseMetrics(await response.text()), name)
}

const LISTENING = '0A'

/** The ports on which a process listens, as Linux reports them. */
function portsOf(pid: number): readonly number[] {
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  const sockets = new Set(descriptors.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]))
  const found = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTENING && sockets.has(fields[9]))
      .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16)),
  )
  return [...new Set(found)].sort((a, b) => a - b)
}

describe('a ZooKeeper node and a bookie with the configuration of a stack, to a neighbour in the network', () => {
  const children: Child[] = []
  let folder: string
  let zookeeper: Child
  let bookie: Child
  /** The probe of the bookie. */
  let serves: () => boolean
  let ports: Record<'client' | 'server' | 'election' | 'zookeeperMetrics' | 'bookie' | 'metrics', number>

  /** Starts a program of Pulsar's distribution as its container does. */
  async function start(name: string, command: readonly string[], env: Record<string, string> = {}): Promise<Child> {
    const { distributions, java } = servers()
    const [program = '', ...args] = command
    const child = await startChild({
      name,
      program,
      args,
      cwd: distributions.pulsar,
      env: serverEnvironment({
        JAVA_HOME: java.home,
        PULSAR_MEM: '-Xmx192m -XX:MaxDirectMemorySize=192m',
        PULSAR_GC: '-XX:+UseSerialGC',
        PULSAR_GC_LOG: ' ',
        PULSAR_LOG_DIR: folder,
        ...env,
      }),
      logFile: join(folder, `${name}.log`),
      runAs: serverUser(),
      stopLimitMs: 20_000,
    })
    children.push(child)
    return child
  }

  before(async () => {
    folder = join(servers().folder, 'neighbours')
    mkdirSync(folder)
    ports = {
      client: await freePort(),
      server: await freePort(),
      election: await freePort(),
      zookeeperMetrics: await freePort(),
      bookie: await freePort(),
      metrics: await freePort(),
    }
    const dynamic = join(folder, 'ensemble')
    const member = `127.0.0.1:${ports.server}:${ports.election}:participant;127.0.0.1:${ports.client}`
    writeFileSync(dynamic, `server.1=${member}\n`)
    mkdirSync(join(folder, 'zookeeper'))
    writeFileSync(join(folder, 'zookeeper/myid'), '1\n')
    for (const name of ['journal', 'ledgers']) mkdirSync(join(folder, name))
    // Only hosts, ports and folders are others than in the cluster.
    const zookeeperConf = overrideProperties(await fileOf('production', 'zookeeper', 'zookeeper.conf'), {
      dataDir: join(folder, 'zookeeper'),
      dynamicConfigFile: dynamic,
      'metricsProvider.httpPort': `${ports.zookeeperMetrics}`,
    })
    const bookkeeperConf = overrideProperties(await fileOf('production', 'bookkeeper', 'bookkeeper.conf'), {
      metadataServiceUri: `metadata-store:zk:127.0.0.1:${ports.client}`,
      bookiePort: `${ports.bookie}`,
      prometheusStatsHttpPort: `${ports.metrics}`,
      journalDirectories: join(folder, 'journal'),
      ledgerDirectories: join(folder, 'ledgers'),
      useHostNameAsBookieID: 'false',
      advertisedAddress: ADDRESS,
    })
    writeFileSync(join(folder, 'zookeeper.conf'), zookeeperConf)
    writeFileSync(join(folder, 'bookkeeper.conf'), bookkeeperConf)
    writeFileSync(join(folder, COUNT), '1')
    giveTo(serverUser(), folder)
    await startZookeeper()
    await initialize()
    await startBookie()
  })

  after(async () => {
    await Promise.all(children.map((child) => child.stop()))
  })

  async function startZookeeper(): Promise<void> {
    const env = { PULSAR_ZK_CONF: join(folder, 'zookeeper.conf') }
    zookeeper = await start('zookeeper', ['bin/pulsar', 'zookeeper'], env)
    await untilReady(zookeeper, () => isLeader(ports.client), LIMIT_MS)
  }

  /** The JVM that the start script of the bookie has started. */
  function bookieJvm(): number {
    return Number(readFileSync(`/proc/${bookie.pid}/task/${bookie.pid}/children`, 'utf8').split(' ')[0])
  }

  async function killBookie(): Promise<void> {
    process.kill(bookieJvm(), 'SIGKILL')
    assert.equal((await bookie.exited).code, 128 + 9)
  }

  /** What the Job `pulsar-metadata` does before the first bookie. */
  async function initialize(): Promise<void> {
    const zookeeper = `zk:127.0.0.1:${ports.client}`
    const args = [
      ...['initialize-cluster-metadata', '--cluster', 'tracardi'],
      ...['--metadata-store', zookeeper, '--configuration-metadata-store', zookeeper],
      ...['--web-service-url', 'http://127.0.0.1:1', '--broker-service-url', 'pulsar://127.0.0.1:1'],
    ]
    const child = await start('metadata', ['bin/pulsar', ...args])
    assert.equal((await child.exited).code, 0, child.lastLines(5).join('\n'))
  }

  /** By the script of its container, until its probe says that it is ready. */
  async function startBookie(): Promise<void> {
    const pod = podTemplates(await registeredBy(changed('production'))).find(({ name }) => name === 'bookkeeper-a')
    assert.ok(pod)
    const { command, startupProbe, readinessProbe } = pod.spec.containers[0]
    const here = (text: string) =>
      text.replaceAll(/\/(config|tmp|pulsar\/data\/bookkeeper)\//g, (path) =>
        path === '/tmp/' ? `${folder}/start-` : `${folder}/`,
      )
    const env = { PULSAR_BOOKKEEPER_CONF: join(folder, 'start-bookkeeper.conf'), HOSTNAME: 'bookkeeper-a-0' }
    bookie = await start('bookie', command.map(here), env)
    assert.deepEqual(startupProbe.exec, readinessProbe.exec)
    const [bash, ...probe] = readinessProbe.exec.command as string[]
    const args = probe.map((text) =>
      text
        .replace(':8000/', `:${ports.metrics}/`)
        .replace(/\/dev\/tcp\/[^ ]+/, `/dev/tcp/127.0.0.1/${ports.client}`)
        .replace(/\$HOSTNAME[^"]+/, `${ADDRESS}:${ports.bookie}$`),
    )
    serves = () => spawnSync(bash as string, args).status === 0
    await untilReady(bookie, async () => serves(), LIMIT_MS)
  }

  it('serve their metrics', async () => {
    assert.ok(Number(await metricOf(ports.zookeeperMetrics, 'znode_count')) > 0)
    assert.equal(await metricOf(ports.metrics, STATUS), WRITABLE)
  })

  it('answer no admin verb there', async () => {
    for (const verb of VERBS) {
      const answered = [await statusOf(ports.metrics, verb), await statusOf(ports.zookeeperMetrics, verb)]
      for (const status of answered) assert.ok([404, 405].includes(status), `${verb.join(' ')} → ${answered}`)
    }
    assert.equal(await metricOf(ports.metrics, STATUS), WRITABLE)
  })

  it('listen on no other port but those of the protocols', () => {
    const sorted = (...expected: number[]) => expected.sort((a, b) => a - b)
    assert.deepEqual(portsOf(bookieJvm()), sorted(ports.bookie, ports.metrics))
    const { client, server, election, zookeeperMetrics } = ports
    const open = portsOf(zookeeper.pid).filter((port) => port !== server)
    // Only a leader listens for followers, and an ensemble of one has none.
    assert.deepEqual(open, sorted(client, election, zookeeperMetrics))
  })

  it('serve again when the bookie was killed and restarts immediately, while ZooKeeper still has its registration', async () => {
    await killBookie()
    await startBookie()
    assert.equal(await metricOf(ports.metrics, STATUS), WRITABLE)
  })

  it('serve again when both were killed and start together', async () => {
    zookeeper.kill()
    await killBookie()
    await Promise.all([startZookeeper(), startBookie()])
    assert.equal(await metricOf(ports.metrics, STATUS), WRITABLE)
  })

  it('say so when the bookie has lost its registration, and have it again after a start', async () => {
    zookeeper.kill()
    await eventually(() => bookie.lastLines(200).some((line) => line.includes('has expired!')))
    assert.equal(serves(), true)
    // It still has the registration of the old session, which the bookie has given up.
    await startZookeeper()
    await eventually(() => !serves())
    assert.equal(await metricOf(ports.metrics, STATUS), WRITABLE)
    await killBookie()
    await startBookie()
  })

  it('take nothing new, however often they start, while the stack does not count the bookie, and restart by themselves for it', async () => {
    for (const [count, status] of [
      ['0', READ_ONLY],
      ['1', WRITABLE],
    ] as const) {
      writeFileSync(join(folder, COUNT), count)
      await bookie.exited
      await startBookie()
      assert.equal(await metricOf(ports.metrics, STATUS), status)
    }
    writeFileSync(join(folder, COUNT), '0')
    await bookie.exited
    await startBookie()
    await killBookie()
    await startBookie()
    assert.equal(await metricOf(ports.metrics, STATUS), READ_ONLY)
  })
})
