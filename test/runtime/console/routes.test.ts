import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { loadConfig } from '../../../runtime/config.ts'
import { stateOf } from '../../../runtime/console/console.ts'
import { addConsolePage, addConsoleRoutes, type ConsoleData } from '../../../runtime/console/routes.ts'
import { AppError } from '../../../runtime/errors.ts'
import { version } from '../../../runtime/version.ts'
import { privateServer } from '../../support/private.ts'
import { observation, pastOf } from './observations.ts'

const PAGE = fileURLToPath(new URL('../../../runtime/console/page/', import.meta.url))
const LETTER = {
  failedAt: '2026-11-22T10:00:00.000Z',
  fault: 'mapping',
  reason: '<b>no</b>',
  status: 400,
  operation: '{}',
}

describe('the routes of the console', () => {
  let server: FastifyInstance
  let call: Awaited<ReturnType<typeof privateServer>>['call']
  let lines: readonly Record<string, unknown>[]
  let replays: number
  let fault: Error | undefined

  beforeEach(async () => {
    replays = 0
    fault = undefined
    const data: ConsoleData = {
      state: async () => stateOf(pastOf(observation(0)), loadConfig({})),
      advice: async () => ({ advice: [], pastAdvice: [] }),
      desk: {
        look: async () => {
          if (fault) throw fault
          return [LETTER]
        },
        replay: async () => {
          if (fault) throw fault
          replays += 1
          return 7
        },
      },
    }
    const built = await privateServer((operators) => addConsoleRoutes(operators, data))
    addConsolePage(built.server)
    server = built.server
    call = built.call
    lines = built.logged
  })
  afterEach(() => server.close())

  it('serve the page, and nothing that is not its own may run in it', async () => {
    for (const url of ['/console', '/console/']) {
      const { statusCode, headers, body } = await server.inject(url)
      assert.equal(statusCode, 200)
      assert.equal(body, readFileSync(`${PAGE}console.html`, 'utf8'))
      assert.partialDeepStrictEqual(headers, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache',
      })
    }
  })

  it('serve every file that the page loads, directly or through another', async () => {
    const files = readdirSync(PAGE).filter((file) => /\.(js|css|svg)$/.test(file))
    for (const file of files) {
      const { statusCode, body } = await server.inject(`/console/${file}`)
      assert.deepEqual([statusCode, body], [200, readFileSync(`${PAGE}${file}`, 'utf8')], file)
    }
    const loaded = [...readFileSync(`${PAGE}console.html`, 'utf8').matchAll(/(?:href|src)="\/console\/([^"]+)"/g)]
    for (const [, file] of loaded) assert.equal((await server.inject(`/console/${file}`)).statusCode, 200, file)
    const imported = files
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) =>
        [...readFileSync(`${PAGE}${file}`, 'utf8').matchAll(/from '([^']+)'/g)].map(([, path]) => path),
      )
    for (const path of imported) {
      const { pathname } = new URL(path as string, 'http://host/console/')
      const { statusCode, headers } = await server.inject(pathname)
      assert.deepEqual([statusCode, headers['content-type']], [200, 'text/javascript; charset=utf-8'], pathname)
    }
  })

  it('spare what the browser has already', async () => {
    const { headers } = await server.inject('/console/console.js')
    const again = await server.inject({
      url: '/console/console.js',
      headers: { 'if-none-match': String(headers['etag']) },
    })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
  })

  it('answer the figures with the advice, never from a cache', async () => {
    const { headers, body } = await call({ url: '/console/state' })
    assert.equal(headers['cache-control'], 'no-store')
    assert.partialDeepStrictEqual(JSON.parse(body), {
      version,
      namesInstances: false,
      acceptedPerSecond: null,
      queue: { messages: 0 },
      advice: [{ code: 'no_worker', severity: 'watch', title: 'No worker is configured' }],
    })
  })

  it('answer the dead letters', async () => {
    const answer = await call({ url: '/console/dead-letters' })
    assert.deepEqual(answer.json(), { deadLetters: [LETTER] })
  })

  it('replay, and log it', async () => {
    const url = '/console/dead-letters/replay'
    assert.deepEqual((await call({ method: 'POST', url })).json(), { replayed: 7 })
    assert.partialDeepStrictEqual(lines.at(-1), { msg: 'dead letters were replayed from the console', replayed: 7 })
    assert.equal((await call({ url })).statusCode, 405)
    assert.equal(replays, 1)
  })

  it('give nothing and do nothing without the token, from any page', async () => {
    for (const [method, url] of [
      ['GET', '/console/state'],
      ['GET', '/console/dead-letters'],
      ['POST', '/console/dead-letters/replay'],
    ] as const) {
      const headers = { 'x-tracardi-console': 'yes', 'sec-fetch-site': 'same-origin', host: 'localhost' }
      assert.equal((await server.inject({ method, url, headers })).statusCode, 401, url)
    }
    assert.equal(replays, 0)
  })

  it('answer 409 while another reads, and 502 when Pulsar does not answer', async () => {
    fault = new AppError('dead_letters_busy', 'somebody is looking')
    assert.equal((await call({ url: '/console/dead-letters' })).statusCode, 409)
    fault = new AppError('queue_admin', 'Pulsar does not answer')
    const answer = await call({ method: 'POST', url: '/console/dead-letters/replay' })
    assert.deepEqual([answer.statusCode, answer.json()], [502, { detail: 'Pulsar does not answer' }])
    fault = new Error('an internal error')
    assert.equal((await call({ url: '/console/dead-letters' })).statusCode, 500)
  })
})
