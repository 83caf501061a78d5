import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { instancesAt, isOwn, readTroubles, scrape, urlsOf } from '../../../runtime/telemetry/instances.ts'

describe('the URLs of a list', () => {
  it('are without the slash at their ends', () => {
    assert.deepEqual(urlsOf('http://worker:8686, http://api:8686/'), ['http://worker:8686', 'http://api:8686'])
    assert.deepEqual(urlsOf(''), [])
  })
})

describe('the instances of a host', () => {
  const both = async () => [
    { address: '10.0.0.9', family: 4 },
    { address: '10.0.0.7', family: 4 },
    { address: '10.0.0.7', family: 4 },
    { address: 'fd00::1', family: 6 },
  ]
  const six = async () => [{ address: 'fd00::1', family: 6 }]
  const nobody = async () => Promise.reject(new Error('ENOTFOUND'))

  it('are one at each of its addresses of one family: a pod of two families is one instance', async () => {
    assert.deepEqual(await instancesAt('http://workers:8686/', both), ['http://10.0.0.7:8686', 'http://10.0.0.9:8686'])
    assert.deepEqual(await instancesAt('https://workers', six), ['https://[fd00::1]'])
  })

  it('are one at an address, and one at the loopback, which nobody is asked for', async () => {
    assert.deepEqual(await instancesAt('http://127.0.0.1:8687', nobody), ['http://127.0.0.1:8687'])
    assert.deepEqual(await instancesAt('http://[::1]:8686', nobody), ['http://[::1]:8686'])
    assert.deepEqual(await instancesAt('http://localhost:1', nobody), ['http://localhost:1'])
  })

  it('are unknown where the host has no address', async () => {
    await assert.rejects(instancesAt('http://nobody:1', nobody), { message: 'ENOTFOUND' })
  })
})

describe('an instance', () => {
  it('is known to be this very one by address and port', () => {
    assert.equal(isOwn('http://10.0.0.7:8686', ['127.0.0.1', '10.0.0.7'], 8686), true)
    assert.equal(isOwn('http://[::1]:8686', ['::1'], 8686), true)
    assert.equal(isOwn('http://10.0.0.7:8687', ['10.0.0.7'], 8686), false)
    assert.equal(isOwn('http://10.0.0.8:8686', ['10.0.0.7'], 8686), false)
    assert.equal(isOwn('http://10.0.0.7', ['10.0.0.7'], 80), true)
    assert.equal(isOwn('https://10.0.0.7', ['10.0.0.7'], 443), true)
  })
})

describe('an instance that is asked for its metrics', () => {
  it('refuses, or does not answer in time: only the latter may be paused', async () => {
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const timedOutOf = async (url: string) => {
      const answer = await scrape(url, 50, () => 0)
      return !answer.ok && answer.timedOut
    }
    assert.equal(await timedOutOf(`http://127.0.0.1:${port}`), true)
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    assert.equal(await timedOutOf(`http://127.0.0.1:${port}`), false)
  })
})

describe('the troubles of an instance', () => {
  let server: Server
  let url: string
  let answer: { status: number; body: string }
  before(async () => {
    server = createServer((_, response) => response.writeHead(answer.status).end(answer.body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  it('are what it says', async () => {
    const trouble = { kind: 'request_retry', where: '', reason: 'refused', fromMs: 1, lastMs: 2, count: 3 }
    answer = { status: 200, body: JSON.stringify({ troubles: [trouble] }) }
    assert.deepEqual(await readTroubles(url, 1000), [trouble])
  })

  it('are none of one that does not answer, has no such path, or says something else', async () => {
    for (const body of ['{}', 'text', '{"troubles":[1]}']) {
      answer = { status: body.startsWith('{"t') ? 404 : 200, body }
      assert.deepEqual(await readTroubles(url, 1000), [])
    }
    assert.deepEqual(await readTroubles('http://127.0.0.1:1', 1000), [])
  })
})
