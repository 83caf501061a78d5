import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { eventIdsIn, StoredTimes } from '../../../bench/shards/stored-times.ts'
import { sourceSuffix } from '../../../runtime/search/documents.ts'

const suffix = sourceSuffix('source-0')
const event = (id: string) => `{"create":{"_index":"i","_id":"${id}${suffix}"}}\n{"id":"${id}"}\n`
const state = '{"index":{"_index":"s","_id":"session","version":1,"version_type":"external_gte"}}\n{}\n'

describe('the times at which events were stored', () => {
  let server: Server
  let times: StoredTimes
  let received: string[]
  let answer: string

  beforeEach(async () => {
    received = []
    server = createServer((request, response) => {
      void text(request).then((body) => {
        received.push(`${request.method} ${request.url} ${request.headers['accept-encoding']} ${body}`)
        response.writeHead(200, { 'x-elastic-product': 'Elasticsearch' }).end(answer)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    times = await StoredTimes.listen(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  afterEach(() => {
    times.close()
    server.close()
    server.closeAllConnections()
  })

  const bulk = (body: string) => fetch(`${times.url}/_bulk?timeout=2s`, { method: 'POST', body })

  it('are those of the answers, for events and not for states', async () => {
    answer = '{"errors":true,"items":[{"create":{"status":201}},{"index":{"status":409}},{"create":{"status":201}}]}'
    const before = performance.now()
    const response = await bulk(`${event('a')}${state}${event('b')}`)
    assert.equal(await response.text(), answer)
    assert.equal(response.headers.get('x-elastic-product'), 'Elasticsearch')
    assert.deepEqual(received, [`POST /_bulk?timeout=2s undefined ${event('a')}${state}${event('b')}`])
    assert.deepEqual([...times.atMs.keys()], ['a', 'b'])
    assert.ok([...times.atMs.values()].every((ms) => ms >= before && ms <= performance.now()))
  })

  it('are not noted for an event that is refused, which is repeated', async () => {
    answer = '{"errors":true,"items":[{"create":{"status":503}},{"create":{"status":201}}]}'
    await (await bulk(`${event('a')}${event('b')}`)).text()
    assert.deepEqual([...times.atMs.keys()], ['b'])
  })

  it('are not noted for other requests', async () => {
    answer = '{"errors":false,"items":[{"create":{"status":201}}]}'
    await (await fetch(`${times.url}/_search`, { method: 'POST', body: event('a') })).text()
    assert.deepEqual([received.length, times.atMs.size], [1, 0])
  })

  it('know the ids as clients sent them', () => {
    assert.deepEqual(eventIdsIn(Buffer.from(`${state}${event('x')}`)), ['x'])
  })
})
