import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, giveTo, serverUser, startChild } from '../../runtime/local/child.ts'
import { overrideProperties } from '../../runtime/local/pulsar.ts'
import { serverEnvironment, untilReady } from '../../runtime/local/server.ts'
import { servers } from '../contract/servers.ts'
import { fileOf } from '../infra/pulsar/files.ts'
import { changed, registeredBy } from '../support/stack.ts'
import { podTemplates } from '../support/workloads.ts'

const LIMIT_MS = 60_000
const NODES = [0, 1, 2]
/** Each has an address of its own, because the script knows one port. */
const hostOf = (ordinal: number) => `127.0.0.${101 + ordinal}`
const SHELL = { PULSAR_MEM: '-Xmx64m', PULSAR_GC: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1' }

/** By hand. The nodes, their configuration and the script of the Job are the real ones; only addresses and folders differ. */
describe('three nodes of ZooKeeper that become one', function () {
  this.timeout(240_000)
  const nodes: Child[] = []
  let folder = ''
  let runs = 0

  before(async () => {
    folder = join(servers().folder, 'ensemble')
    mkdirSync(folder)
    for (const ordinal of NODES) await start(ordinal)
    await ensemble(hostOf(0))
    await command(hostOf(0), 'create', '/kept', 'all')
  })
  after(() => Promise.all(nodes.map((node) => node.stop())))

  const member = (ordinal: number) =>
    `server.${ordinal + 1}=${hostOf(ordinal)}:2888:3888:participant;${hostOf(ordinal)}:2181\n`

  async function run(name: string, script: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
    const [program = '', ...args] = script
    giveTo(serverUser(), folder)
    return startChild({
      ...{ name, program, args, cwd: servers().distributions.pulsar, runAs: serverUser(), stopLimitMs: 20_000 },
      env: serverEnvironment({ JAVA_HOME: servers().java.home, PULSAR_GC_LOG: ' ', PULSAR_LOG_DIR: folder, ...env }),
      logFile: join(folder, `${name}.log`),
    })
  }

  async function start(ordinal: number): Promise<void> {
    const data = join(folder, `node-${ordinal}`)
    mkdirSync(data)
    writeFileSync(join(data, 'myid'), `${ordinal + 1}\n`)
    const dynamic = join(data, 'dynamic')
    writeFileSync(dynamic, NODES.map(member).join(''))
    const conf = join(folder, `node-${ordinal}.conf`)
    const original = await fileOf('production', 'zookeeper', 'zookeeper.conf')
    const own = { dataDir: data, dynamicConfigFile: dynamic, 'metricsProvider.httpPort': `${18_000 + ordinal}` }
    writeFileSync(conf, overrideProperties(original, own))
    nodes.push(
      await run(`node-${ordinal}`, ['bin/pulsar', 'zookeeper'], {
        ...SHELL,
        PULSAR_MEM: '-Xmx96m',
        PULSAR_ZK_CONF: conf,
      }),
    )
  }

  async function command(host: string, ...words: readonly string[]): Promise<string> {
    runs += 1
    const shell = ['bin/pulsar', 'zookeeper-shell', '-server', `${host}:2181`, ...words]
    const child = await run(`shell-${runs}`, shell, SHELL)
    await child.exited
    return readFileSync(child.logFile, 'utf8')
  }

  /** The ids of the participants, when it serves. */
  async function ensemble(host: string): Promise<readonly string[]> {
    let ids: readonly string[] = []
    await untilReady(
      nodes[0] as Child,
      async () => {
        ids = [...(await command(host, 'config')).matchAll(/^server\.(\d+)=.*:participant/gm)].map(([, id = '']) => id)
        return ids.length > 0
      },
      LIMIT_MS,
    )
    return ids
  }

  /** By the script of the Job that comes before the set or after it. */
  async function drain(when: 'before' | 'after'): Promise<void> {
    const templates = podTemplates(await registeredBy(changed('dev', { zookeeper: { replicas: 1 } })))
    const { spec } =
      templates.find(({ name }) => name.startsWith(`zookeeper-drain-${when}-`)) ?? assert.fail('no drain')
    const all = [...spec.initContainers, ...spec.containers] as { name: string; command: readonly string[] }[]
    const { command: words } = all.find(({ name }) => name === 'zookeeper') ?? assert.fail('no container')
    const script = (words[2] as string)
      .replace(/^host\(\) .*$/m, 'host() { echo "127.0.0.$((101 + $1))"; }')
      .replaceAll('/dev/termination-log', join(folder, 'reason'))
      .replace('-ge 120', '-ge 1')
    const job = await run(`drain-${when}`, ['bash', '-c', script], SHELL)
    assert.equal((await job.exited).code, 0, readFileSync(job.logFile, 'utf8'))
  }

  it('are all in the ensemble', async () => {
    assert.deepEqual(await ensemble(hostOf(0)), ['1', '2', '3'])
  })

  it('leave it before their pods go, the leader too, and the one that stays serves alone', async () => {
    const fromMs = performance.now()
    await drain('before')
    process.stdout.write(`      out of the ensemble after ${((performance.now() - fromMs) / 1000).toFixed(1)} s\n`)
    assert.deepEqual(await ensemble(hostOf(0)), ['1'])
    for (const node of nodes.slice(1)) node.kill()
    await Promise.all(nodes.slice(1).map((node) => node.exited))
    await drain('after')
    assert.match(await command(hostOf(0), 'get', '/kept'), /^all$/m)
    await command(hostOf(0), 'create', '/new', 'too')
    assert.match(await command(hostOf(0), 'get', '/new'), /^too$/m)
  })
})
