import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Client, ClusterConnectionPool, errors } from '@elastic/elasticsearch'
import { nodeConnections, nodeLogger } from '../../../runtime/search/node-connection.ts'
import { recordingLog } from '../../support/log.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const LIMITS = { quietMs: 30, pingLimitMs: 60 }

/** Takes connections and never answers. */
class BlackHole {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => this.methods.push(bytes.toString().split(' ')[0] ?? ''))
  })
  /** Of what was asked on each connection first. */
  readonly methods: string[] = []
  url = ''

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('the connections to several nodes', () => {
  let good: ScriptedServer
  let hole: BlackHole
  let told: [node: string, reason: string | undefined][]
  let client: Client

  beforeEach(async () => {
    good = new ScriptedServer()
    good.answer = () => ({ body: { status: 'green' } })
    hole = new BlackHole()
    await good.start()
    await hole.start()
    told = []
  })
  afterEach(async () => {
    await client.close()
    await good.stop()
    await hole.stop()
  })

  function connect(nodes: string[], requestTimeout = 10_000): void {
    const Connection = nodeConnections((...change) => told.push(change), LIMITS)
    const more = { ConnectionPool: ClusterConnectionPool, requestTimeout, maxRetries: nodes.length - 1 }
    client = new Client({ nodes, Connection, ...more })
  }
  const ask = async () => (await client.cluster.health()).status

  it('leave a silent node for one that answers, say so once, and do not ask it again', async () => {
    connect([hole.url, good.url])
    for (let call = 0; call < 5; call += 1) assert.equal(await ask(), 'green')
    assert.deepEqual(told, [[hole.url, `${hole.url} does not answer within 0.09 s`]])
    assert.equal(good.calls.filter(({ method }) => method === 'GET').length, 5)
    assert.equal(hole.methods.filter((method) => method === 'GET').length, 1)
  })

  it('leave a node that refuses connections, immediately', async () => {
    await hole.stop()
    connect([hole.url, good.url])
    assert.equal(await ask(), 'green')
    const [[node, reason] = []] = told
    assert.equal(node, hole.url)
    assert.ok(reason?.startsWith(`${hole.url} does not answer: connect ECONNREFUSED`))
    await hole.start()
  })

  it('leave a node behind a proxy that has no server, and report when it is back', async () => {
    const gateway = new ScriptedServer()
    gateway.answer = () => ({ status: 503 })
    await gateway.start()
    connect([gateway.url, good.url])
    assert.equal(await ask(), 'green')
    assert.deepEqual(told, [[gateway.url, `${gateway.url} answers 503`]])
    gateway.answer = good.answer
    await good.stop()
    // Both are treated as dead then, and are asked in turn.
    assert.equal(await ask().catch(ask), 'green')
    assert.deepEqual(told.at(-1), [gateway.url, undefined])
    await gateway.stop()
    await good.start()
  })

  it('stay with a node that is slow as long as it answers, or no other does', async () => {
    let slow = true
    good.answer = ({ method }) => ({ body: { status: 'green' }, delayMs: method === 'GET' && slow ? 300 : 0 })
    connect([good.url, hole.url])
    assert.equal(await ask(), 'green')
    assert.deepEqual(told, [])
    slow = false
    await client.close()
    const other = new BlackHole()
    await other.start()
    connect([hole.url, other.url], 400)
    await assert.rejects(ask(), errors.TimeoutError)
    assert.deepEqual(told, [[hole.url, `${hole.url} does not answer in time`]])
    await other.stop()
  })

  it('stay with a slow node when the others are behind proxies without a server', async () => {
    const gateway = new ScriptedServer()
    gateway.answer = () => ({ status: 502 })
    await gateway.start()
    connect([hole.url, gateway.url], 400)
    await assert.rejects(ask(), errors.TimeoutError)
    await gateway.stop()
  })

  it('name the only node, and let errors that are not of the connection be as they are', async () => {
    connect([hole.url], 50)
    await assert.rejects(ask(), { message: `${hole.url} does not answer in time` })
    await client.close()
    connect([good.url])
    const stop = new AbortController()
    good.answer = () => ({ delayMs: 300 })
    const asked = client.cluster.health({}, { signal: stop.signal })
    stop.abort()
    await assert.rejects(asked, errors.RequestAbortedError)
    assert.equal(told.length, 1)
  })

  it('write no password into a text', async () => {
    connect([hole.url.replace('//', '//user:secret@')], 50)
    await assert.rejects(ask(), { message: `${hole.url} does not answer in time` })
  })
})

describe('nodeLogger', () => {
  it('warns of a node that is down, and reports when it is back', () => {
    const { log, lines } = recordingLog()
    const listener = nodeLogger(log)
    listener('http://a:9200', 'refused')
    listener('http://a:9200', undefined)
    assert.deepEqual(
      lines.map(({ level, node, reason }) => [level, node, reason]),
      [
        [40, 'http://a:9200', 'refused'],
        [30, 'http://a:9200', undefined],
      ],
    )
  })
})
