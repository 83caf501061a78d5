import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig } from '../../runtime/config.ts'
import { serverUser } from '../../runtime/local/child.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type PulsarServer, startPulsar } from '../../runtime/local/pulsar.ts'
import { serverEnvironment } from '../../runtime/local/server.ts'
import { topicPath, topicSetUpOf } from '../../runtime/names.ts'
import { pulsarAdmin } from '../../runtime/queue/admin.ts'
import { connectQueue } from '../../runtime/queue/connect.ts'
import { loadPulsarModule } from '../../runtime/queue/native.ts'
import { PartitionedProducer } from '../../runtime/queue/partitions.ts'
import { watchReader } from '../../runtime/queue/reader-watch.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { jobScript } from '../infra/pulsar/files.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { servers } from './servers.ts'

const native = await loadPulsarModule().catch(() => undefined)
const run = promisify(execFile)
const PLUGIN = 'org.apache.pulsar.client.impl.auth.AuthenticationToken'

type Role = 'api' | 'worker'

describe('the roles of API and workers, as the set-up of a stack gives them', () => {
  const key = randomBytes(32)
  let pulsar: PulsarServer
  let env: NodeJS.ProcessEnv
  const topics = (partitions: number) => topicSetUpOf(loadConfig({ PULSAR_PARTITIONS: String(partitions) }))
  const { events, eventsSubscription, deadLetters, deadLettersSubscription } = topics(2)

  /** A JSON web token of HMAC-SHA256. */
  function tokenFor(subject: string): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const content = `${part({ alg: 'HS256' })}.${part({ sub: subject })}`
    return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`
  }

  async function setUp(partitions: number): Promise<void> {
    const config = { PULSAR_API: pulsar.adminUrl, PULSAR_AUTH_TOKEN: tokenFor('admin') }
    const admin = pulsarAdmin(loadConfig(config))
    await setUpQueue(admin, topics(partitions))
    await admin.close()
  }

  before(async () => {
    const { folder, java, distributions } = servers()
    const home = join(folder, 'roles')
    mkdirSync(home)
    const admin = tokenFor('admin')
    pulsar = await startPulsar({
      java,
      distribution: distributions.pulsar,
      folder: home,
      runAs: serverUser(),
      heap: '512m',
      brokerPort: await freePort(),
      webPort: await freePort(),
      bookiePort: await freePort(),
      key: key.toString('base64'),
      conf: { authorizationEnabled: 'true' },
    })
    env = serverEnvironment({ JAVA_HOME: java.home, PULSAR_MEM: '-Xmx128m', PULSAR_GC: '-XX:+UseSerialGC' })
    await setUp(2)
    writeFileSync(join(home, 'token'), admin)
    const script = (await jobScript('staging', 'pulsar-permissions'))
      .replaceAll('http://broker.tracardi.svc.cluster.local:8080', pulsar.adminUrl)
      .replaceAll('/tokens/', `${home}/`)
    await run('bash', ['-c', script], { cwd: distributions.pulsar, env })
  })
  after(() => pulsar?.stop())

  /** What a client of Pulsar does as a role, or that it may not. */
  async function client(role: Role, ...args: readonly string[]): Promise<'done' | 'refused'> {
    const options = ['--url', pulsar.serviceUrl, '--auth-plugin', PLUGIN, '--auth-params', `token:${tokenFor(role)}`]
    try {
      await run('bin/pulsar-client', [...options, ...args], { cwd: servers().distributions.pulsar, env })
      return 'done'
    } catch (error) {
      assert.match(`${(error as { stdout: string }).stdout}`, /AuthorizationException|not authorized/i)
      return 'refused'
    }
  }
  const produce = (role: Role, topic: string) => client(role, 'produce', topic, '-m', 'one')
  const consume = (role: Role, topic: string, subscription: string) =>
    client(role, 'consume', topic, '-s', subscription, '-t', 'Shared', '-n', '1')

  /** The status of a call to the admin API as a role. */
  async function status(role: Role, method: string, path: string): Promise<number> {
    const headers = { authorization: `Bearer ${tokenFor(role)}` }
    const response = await fetch(`${pulsar.adminUrl}/admin/v2/${path}`, { method, headers })
    await response.arrayBuffer()
    return response.status
  }

  /** What only who may consume is let do: it passes over messages of a subscription. */
  const skip = (role: Role, topic: string, subscription: string) =>
    status(role, 'POST', `${topicPath(topic)}/subscription/${subscription}/skip_all`)
  const SKIPPED = 204
  /** Pulsar's answers to a role that it knows and that has not the right: to messages, and to what administrators change. */
  const REFUSED = 401
  const FORBIDDEN = 403

  it('let the API publish events and workers consume them, and not the other way round', async () => {
    assert.equal(await produce('api', events), 'done')
    const tried = [
      consume('worker', events, eventsSubscription),
      produce('worker', events),
      consume('api', events, eventsSubscription),
    ]
    assert.deepEqual(await Promise.all(tried), ['done', 'refused', 'refused'])
  })

  it('let workers publish dead letters and the API read them, and not the other way round', async () => {
    const tried = [produce('worker', deadLetters), produce('api', deadLetters)]
    assert.deepEqual(await Promise.all(tried), ['done', 'refused'])
    assert.equal(await skip('worker', deadLetters, deadLettersSubscription), REFUSED)
    assert.equal(await skip('api', deadLetters, deadLettersSubscription), SKIPPED)
  })

  const nowMs = () => Date.now()
  const configOf = (role: Role) =>
    loadConfig({
      PULSAR_HOST: pulsar.serviceUrl,
      PULSAR_API: pulsar.adminUrl,
      PULSAR_AUTH_TOKEN: tokenFor(role),
      PULSAR_PARTITIONS: '2',
      // The only one that a stack may have with authorization.
      PULSAR_TRANSPORT: 'native',
    })
  const reader = { topic: events, subscription: eventsSubscription }

  it('let the API see that what it publishes is read, and no policies', async () => {
    const admin = pulsarAdmin(configOf('api'))
    const watch = watchReader(admin, reader, { log: silentLog, nowMs, onVerdict: () => undefined })
    await eventually(() => watch.verdict().open.length === 2)
    assert.deepEqual(watch.verdict(), { open: [0, 1], closed: [], leftOut: [] })
    assert.equal(await admin.droppingPolicies(events), undefined)
    await watch.close()
    await admin.close()
  })

  if (native) {
    it('let the API publish, and a worker open what it needs, through our own transport', async () => {
      const admin = pulsarAdmin(configOf('api'))
      const transport = await connectQueue(configOf('api'), admin, silentLog)
      const producer = new PartitionedProducer(transport, {
        topic: events,
        sendTimeoutMs: 5000,
        log: silentLog,
        nowMs,
        watch: (onVerdict) => watchReader(admin, reader, { log: silentLog, nowMs, onVerdict }),
      })
      await eventually(() => producer.partitions().filter(({ reason }) => reason === undefined).length === 2)
      await producer.send({ payload: Buffer.from('one'), properties: {} })
      await producer.close()
      await transport.close()
      await admin.close()

      const workerAdmin = pulsarAdmin(configOf('worker'))
      const worker = await connectQueue(configOf('worker'), workerAdmin, silentLog)
      const never = (reason: string) => assert.fail(reason)
      await worker.openConsumer({ topic: events, subscription: eventsSubscription, prefetchMessages: 1 }, never)
      await worker.openProducer({ topic: deadLetters, sendTimeoutMs: 5000 }, never)
      await worker.close()
      await workerAdmin.close()
    })
  } else {
    it.skip('let the API publish through our own transport: pulsar-client is not installed on this machine')
  }

  it('let both read the backlog, and the API erase none of it', async () => {
    for (const role of ['api', 'worker'] as const) {
      assert.equal(await status(role, 'GET', `${topicPath(events)}/partitioned-stats`), 200)
      assert.equal(await status(role, 'DELETE', `${topicPath(events)}/partitions`), FORBIDDEN)
      assert.equal(await status(role, 'DELETE', 'namespaces/tracardi/system/messageTTL'), FORBIDDEN)
    }
    assert.equal(await skip('api', `${events}-partition-0`, eventsSubscription), REFUSED)
  })

  it('let workers find and read what is kept, as a replay does, and the API not', async () => {
    const partition = `${events}-partition-0`
    const asked = async (role: Role) => {
      const paths = [`messageid/0`, `examinemessage?initialPosition=earliest&messagePosition=1`, 'internalStats']
      return Promise.all(paths.map((path) => status(role, 'GET', `${topicPath(partition)}/${path}`)))
    }
    assert.equal(await produce('api', partition), 'done')
    assert.deepEqual(await asked('worker'), [200, 200, 200])
    assert.deepEqual(await asked('api'), [REFUSED, REFUSED, 200])
    const read = (role: Role) => client(role, 'read', partition, '-m', 'earliest', '-n', '1')
    assert.deepEqual(await Promise.all([read('worker'), read('api')]), ['done', 'refused'])
  })

  it('hold for partitions that are added', async () => {
    await setUp(3)
    const added = `${events}-partition-2`
    assert.equal(await produce('api', added), 'done')
    assert.equal(await skip('api', added, eventsSubscription), REFUSED)
    assert.equal(await skip('worker', added, eventsSubscription), SKIPPED)
  })
})
