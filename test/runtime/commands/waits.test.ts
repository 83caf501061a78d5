import assert from 'node:assert/strict'
import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { OpenRequests, watchWaits } from '../../../runtime/commands/waits.ts'
import { eventually } from '../../support/until.ts'

describe('requests without an answer', () => {
  const what = 'http://127.0.0.1:9200 (GET /_cat/indices)'

  it('are reported after 2 s, and then every 10 s', () => {
    const requests = new OpenRequests()
    requests.begun({}, what, 1000)
    assert.equal(requests.due(2999), undefined)
    assert.equal(requests.due(3000), `Waiting for ${what}, 2 s so far.`)
    assert.equal(requests.due(12_999), undefined)
    assert.equal(requests.due(13_000), `Waiting for ${what}, 12 s so far.`)
  })

  it('are reported together, by the oldest', () => {
    const requests = new OpenRequests()
    const [first, second] = [{}, {}]
    requests.begun(first, what, 0)
    requests.begun(second, 'another', 500)
    assert.equal(requests.due(2500), `Waiting for ${what}, 2 s so far.`)
    requests.ended(first)
    assert.equal(requests.due(2600), undefined)
    assert.equal(requests.due(12_500), 'Waiting for another, 12 s so far.')
    requests.ended(second)
    assert.equal(requests.due(60_000), undefined)
  })
})

describe('a command that waits', () => {
  let server: Server
  let origin: string
  let said: string[]
  let nowMs: number
  let release: () => void
  let end: () => void

  beforeEach(async () => {
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    server = createServer((_, response) => void released.then(() => response.end('{}')))
    server.on('upgrade', (_, socket) => void released.then(() => socket.destroy()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
    said = []
    nowMs = 0
    end = watchWaits(
      (text) => said.push(text),
      () => nowMs,
    )
  })
  afterEach(() => {
    end()
    server.closeAllConnections()
    server.close()
  })

  const settled = () => new Promise((resolve) => setTimeout(resolve, 300))

  it('says for which answer, without the query, until it has come', async () => {
    const answered = request(`http://${origin}/_search?q=secret`).then(({ body }) => body.text())
    nowMs = 2000
    await eventually(() => said.length > 0)
    assert.deepEqual(said, [`Waiting for http://${origin} (GET /_search), 2 s so far.`])
    release()
    await answered
    nowMs = 60_000
    await settled()
    assert.equal(said.length, 1)
  })

  it('says nothing of what failed, nor of calls with events', async () => {
    await assert.rejects(request('http://127.0.0.1:1/'))
    const posted = request(`http://${origin}/track`, { method: 'POST' }).then(({ body }) => body.text())
    nowMs = 60_000
    await settled()
    assert.deepEqual(said, [])
    release()
    await posted
  })

  it('says that a WebSocket does not open', async () => {
    const socket = get(`http://${origin}/ws/v2/consumer?token=secret`, {
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    })
    const failed = new Promise((resolve) => socket.once('error', resolve))
    nowMs = 2000
    await eventually(() => said.length > 0)
    assert.deepEqual(said, [`Waiting for http://${origin} (/ws/v2/consumer), 2 s so far.`])
    release()
    await failed
    nowMs = 60_000
    await settled()
    assert.equal(said.length, 1)
  })
})
