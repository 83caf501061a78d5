import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { operatorApi } from '../../../runtime/commands/operator.ts'

describe('the API that a command asks', () => {
  let server: Server
  let url: string
  let answer: { readonly status: number; readonly body: string }
  let asked: unknown[]

  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push([request.url, request.headers.authorization])
      response.writeHead(answer.status).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const config = { privatePort: 1, privateToken: 'token' }
  const get = (named: string | undefined = url) => operatorApi(config, named, undefined).get('/console/state')

  it('gets the token of the operators', async () => {
    answer = { status: 200, body: '{"at":1}' }
    assert.deepEqual(await get(), { at: 1 })
    assert.deepEqual(asked, [['/console/state', 'Bearer token']])
  })

  it('is that of the run, or the one at PRIVATE_PORT', () => {
    const run = { publicUrl: 'http://127.0.0.1:3', instances: ['http://127.0.0.1:4/'] }
    assert.equal(operatorApi(config, undefined, run).url, 'http://127.0.0.1:4')
    assert.equal(operatorApi(config, undefined, undefined).url, 'http://127.0.0.1:1')
  })

  it('is not available where nothing listens', async () => {
    const closed = 'http://127.0.0.1:1'
    await assert.rejects(get(closed), {
      code: 'api_unavailable',
      message: `the private listener of the API does not answer at ${closed}: connect ECONNREFUSED 127.0.0.1:1`,
    })
  })

  it('refuses another token', async () => {
    answer = { status: 401, body: '{"detail":"The token does not match PRIVATE_TOKEN"}' }
    await assert.rejects(get(), {
      code: 'api_refused',
      message: `${url} answered 401: The token does not match PRIVATE_TOKEN`,
    })
  })

  it('is not available where it cannot answer, or something else does', async () => {
    answer = { status: 503, body: '{"detail":"no figures yet"}' }
    await assert.rejects(get(), { code: 'api_unavailable', message: `${url} answered 503: no figures yet` })
    for (const other of [
      { status: 404, body: '<html>' },
      { status: 200, body: '<html>' },
    ]) {
      answer = other
      await assert.rejects(get(), {
        code: 'api_unavailable',
        message: `${url} is not the private listener of an API: it answered ${other.status}`,
      })
    }
  })

  it('has a URL', () => {
    assert.throws(() => operatorApi(config, 'host', undefined), {
      code: 'command_invalid',
      message: '--api is "host"; allowed: a URL like http://host:8686',
    })
  })
})
