import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { isLoopback, type Listening, listeningOf } from '../support/listening.ts'
import { LocalRun } from '../support/local-run.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'

/** Whatever has been answered within the time, or until the connection was closed. */
function answerTo(port: number, bytes: Buffer): Promise<Buffer> {
  const ANSWER_LIMIT_MS = 2000
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const end = () => resolve(Buffer.concat(chunks))
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('error', end)
      .on('close', end)
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy())
  })
}

const frame = (content: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

describe('a run on one machine', () => {
  let run: LocalRun
  let sockets: readonly Listening[]
  let bookie: number
  let transport: number

  before(async () => {
    run = await LocalRun.start({ BULK_TIMEOUT_SECONDS: '0.2' })
    sockets = listeningOf(run.pid)
    const known = [...Object.values(run.ports), run.workerPort]
    const others = sockets.map(({ port }) => port).filter((port) => !known.includes(port))
    assert.equal(others.length, 2, `besides ${known}: ${others}`)
    // Elasticsearch takes its transport port from 9300 on, a bookie its own from 3181 on.
    ;[bookie, transport] = others as [number, number]
  })
  after(() => run?.stop())

  const status = async (port: number, path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, init)).status

  it('listens on loopback only, with its servers and all that they have started', () => {
    assert.equal(sockets.length, 8)
    assert.deepEqual(
      sockets.filter((socket) => !isLoopback(socket)),
      [],
    )
  })

  it('answers nobody on the admin API of Pulsar without its token', async () => {
    const topic = 'persistent/tracardi/system/functions-partition-0'
    for (const path of [
      '/admin/v2/clusters',
      `/admin/v2/${topic}/stats`,
      '/admin/v2/brokers/health',
      '/admin/v3/functions/tracardi/system',
      '/lookup/v2/topic/persistent/tracardi/system/functions',
      '/metrics/',
      `/ws/v2/producer/${topic}`,
      `/ws/v2/reader/${topic}?messageId=earliest`,
      `/ws/v2/consumer/${topic}/tracardi-function-subscription`,
    ]) {
      assert.equal(await status(run.ports.admin, path), 401, path)
    }
    const skip = `/admin/v2/${topic}/subscription/tracardi-function-subscription/skip_all`
    assert.equal(await status(run.ports.admin, skip, { method: 'POST' }), 401)
    const forged = { headers: { authorization: `Bearer ${run.record.settings['PULSAR_AUTH_TOKEN']}x` } }
    assert.equal(await status(run.ports.admin, '/admin/v2/clusters', forged), 401)
  })

  it('answers nobody in Elasticsearch without its password', async () => {
    for (const path of ['/', '/_cluster/health', '/tracardi-event/_search', '/_security/_authenticate']) {
      assert.equal(await status(run.ports.elasticsearch, path), 401, path)
    }
    assert.equal(await status(run.ports.elasticsearch, '/tracardi-*', { method: 'DELETE' }), 401)
    const wrong = { headers: { authorization: `Basic ${btoa('tracardi:wrong')}` } }
    assert.equal(await status(run.ports.elasticsearch, '/_cluster/health', wrong), 401)
  })

  it('answers nobody on the private listener without its token, nor under its own name', async () => {
    for (const path of [
      '/console/state',
      '/console/dead-letters',
      '/queue/system/functions/backlog',
      '/openapi.json',
    ]) {
      assert.equal(await status(run.ports.private, path), 401, path)
    }
    assert.equal(await status(run.ports.private, '/console/dead-letters/replay', { method: 'POST' }), 401)
    for (const port of [run.ports.private, run.workerPort]) {
      const rebound = await answerTo(
        port,
        Buffer.from('GET /metrics HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n'),
      )
      assert.match(rebound.toString(), /^HTTP\/1\.1 421 /)
      assert.equal(await status(port, '/health/live'), 200)
    }
  })

  it('refuses the protocols of broker, bookie and nodes without a credential', async () => {
    const connectCommand = Buffer.from([0x08, 2, 0x12, 7, 0x0a, 3, ...Buffer.from('tst'), 0x20, 19])
    const broker = await answerTo(run.ports.broker, frame(frame(connectCommand)))
    assert.match(broker.toString('latin1'), /Failed to authenticate/)

    // Version 2 of the protocol, read, entry 0 of ledger 1; the answer repeats it behind the code of the error.
    const EUA = 102
    const read = Buffer.alloc(20)
    read.writeUInt32BE(0x02020000)
    read.writeBigUInt64BE(1n, 4)
    const refusal = await answerTo(bookie, frame(read))
    assert.deepEqual([refusal.length, refusal.readUInt32BE(8)], [28, EUA])

    const code = await new Promise((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: transport, rejectUnauthorized: false })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
    assert.match(String(code), /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE)/)
  })

  it('says nothing on the binary ports to a browser, whose first bytes are no frame', async () => {
    const get = Buffer.from('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n')
    for (const port of [run.ports.broker, bookie, transport]) {
      assert.equal((await answerTo(port, get)).length, 0, String(port))
    }
  })

  it('keeps what it has generated for its owner, and shows it to no log', () => {
    for (const file of ['credentials.json', 'run/environment.json', 'run/operator.header']) {
      assert.equal(statSync(join(run.home, file)).mode & 0o777, 0o600, file)
    }
    const { settings } = run.record
    for (const name of ['PULSAR_AUTH_TOKEN', 'ELASTIC_HTTP_AUTH_PASSWORD', 'PRIVATE_TOKEN']) {
      const secret = settings[name] as string
      assert.ok(secret.length >= 43, name)
      assert.throws(() => execFileSync('grep', ['-rqF', '--', secret, join(run.home, 'logs')]), { status: 1 })
    }
  })

  it('is found by the commands, which need no setting, and by nobody who names other servers', async () => {
    const env = { TRACARDI_HOME: run.home }
    const said = `Using the run on this machine at http://127.0.0.1:${run.ports.public} (pid ${run.pid}, ${run.home}).\n`
    const sent = await cli(env, 'send', '--events', '20')
    assert.deepEqual([sent.code, sent.errors], [0, said])
    const backlog = await cli(env, 'backlog', '--json')
    assert.deepEqual([backlog.code, backlog.errors], [0, said])
    assert.equal((await cli(env, 'set-up')).output.match(/^exists/gm)?.length, 15)
    await eventually(async () => {
      const { output } = await cli(env, 'indices', '--json')
      const [events] = (JSON.parse(output) as { name: string; documents: number }[]).filter(({ name }) =>
        name.startsWith('tracardi-event-'),
      )
      return events?.documents === 20
    })
    const elsewhere = await cli({ ...env, PULSAR_API: `http://127.0.0.1:${run.ports.admin}` }, 'backlog')
    assert.equal(elsewhere.code, 1)
    assert.match(elsewhere.errors, /^queue_admin: Pulsar answered 401/)
  })

  it('is not started with a sources file that is broken, and says so before any server', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tracardi-broken-'))
    // The servers of root run as another user.
    chmodSync(home, 0o755)
    const sources = join(home, 'mine.json')
    writeFileSync(sources, '{ "my-source": { "allowedOrigins": "*", } }')
    const { code, output, errors } = await cli({ TRACARDI_HOME: home, SOURCES_FILE: sources }, 'local')
    assert.deepEqual([code, output], [1, ''])
    assert.match(
      errors,
      /^sources_invalid: the sources file ".*mine\.json" is not JSON: .*\nCorrect the sources file\. A start fails/,
    )
    rmSync(home, { recursive: true })
  })

  it('prints commands that work as they are', async () => {
    const lines = run.output.split('\n').filter((line) => /^ {2}curl -s -H /.test(line))
    assert.equal(lines.length, 2)
    const [search = '', backlog = ''] = lines.map((line) => execFileSync('sh', ['-c', line], { encoding: 'utf8' }))
    assert.equal(typeof JSON.parse(search).hits.total.value, 'number')
    assert.equal(JSON.parse(backlog).backlog.length, 10)
  })
})
