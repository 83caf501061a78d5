import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { assertTaken, listenerUrl } from '../../../runtime/send/preflight.ts'

describe('before events are sent', () => {
  let server: Server
  let url: string
  let answer: { readonly status: number; readonly body: string }
  let received: unknown[]

  beforeEach(async () => {
    received = []
    answer = { status: 200, body: '{"task":[]}' }
    server = createServer(async (request, response) => {
      received.push([request.url, request.headers.authorization, JSON.parse(await text(request))])
      response.writeHead(answer.status).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const check = () => assertTaken({ url, source: 'shop', secret: 'key' })

  it('the API is called once, with a call that stores nothing', async () => {
    await check()
    const body = { source: { id: 'shop' }, options: { saveSession: false, saveProfile: false }, events: [] }
    assert.deepEqual(received, [['/track', 'Bearer key', body]])
  })

  for (const status of [429, 503]) {
    it(`a ${status} of the API is no fault: calls are sent again`, async () => {
      answer = { status, body: '{"detail":"not now"}' }
      await check()
    })
  }

  it('it fails where nothing listens', async () => {
    await assert.rejects(assertTaken({ url: 'http://127.0.0.1:1', source: 'shop' }), {
      code: 'api_unavailable',
      message: 'the public listener of the API does not answer at http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
    })
  })

  for (const status of [401, 403]) {
    it(`it fails where the source is refused with ${status}`, async () => {
      answer = { status, body: '{"detail":"Unknown event source"}' }
      await assert.rejects(check(), {
        code: 'api_refused',
        message: `${url} refuses every call of the source "shop" (${status}): Unknown event source`,
      })
    })
  }

  for (const [what, status, body, shown] of [
    ['a page', 200, '<html>\n  log in', '<html> log in'],
    ['nothing', 200, '', 'nothing'],
    ['a private listener', 404, '{"detail":"There is no POST /track here"}', 'There is no POST /track here'],
    ['a gateway', 503, 'no server', 'no server'],
    ['another API', 422, '{"detail":[{"loc":[]}]}', '[{"loc":[]}]'],
    ['another login', 401, '{"error":"who?"}', '{"error":"who?"}'],
  ] as const) {
    it(`it fails where ${what} answers`, async () => {
      answer = { status, body }
      await assert.rejects(check(), {
        code: 'api_unavailable',
        message: `${url} is not the public listener of an API: it answered ${status} to POST /track, with: ${shown}`,
      })
    })
  }
})

describe('the URL of a listener', () => {
  it('has no path, and may end with a slash', () => {
    assert.equal(listenerUrl('--url', 'http://host:8585/'), 'http://host:8585')
  })

  for (const text of ['notaurl', 'ftp://host', 'http://host/path', 'http://host:port', '']) {
    it(`is refused as "${text}"`, () => {
      assert.throws(() => listenerUrl('--url', text), {
        code: 'command_invalid',
        message: `--url is "${text}"; allowed: a URL like http://host:8585`,
      })
    })
  }
})
