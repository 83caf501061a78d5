import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { loadConfig } from '../../../runtime/config.ts'
import { stateOf } from '../../../runtime/console/console.ts'
import { addConsoleRoutes } from '../../../runtime/console/routes.ts'
import { AppError } from '../../../runtime/errors.ts'
import { Health } from '../../../runtime/health.ts'
import { buildPrivateServer } from '../../../runtime/private-server.ts'
import { version } from '../../../runtime/version.ts'
import { recordingLog } from '../../support/log.ts'
import { observation, pastOf } from './observations.ts'

const PAGE = fileURLToPath(new URL('../../../runtime/console/page/', import.meta.url))
const LETTER = { failedAt: 'then', fault: 'mapping', reason: '<b>no</b>', status: 400, operation: '{}' }
const ASKED = { 'x-tracardi-console': 'yes' }

describe('the routes of the console', () => {
  let server: FastifyInstance
  let replays: number
  let fault: Error | undefined
  const { log, lines } = recordingLog()

  beforeEach(async () => {
    replays = 0
    fault = undefined
    server = await buildPrivateServer({
      program: 'api',
      transport: 'websocket',
      health: new Health([]),
      registry: new Registry(),
      log,
    })
    addConsoleRoutes(server, {
      state: async () => stateOf(pastOf(observation(0)), loadConfig({})),
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
    })
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
    for (const [, file] of loaded) assert.ok(file === 'state' || files.includes(file as string), file)
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
    const { headers, body } = await server.inject('/console/state')
    assert.equal(headers['cache-control'], 'no-store')
    assert.partialDeepStrictEqual(JSON.parse(body), {
      version,
      namesInstances: false,
      acceptedPerSecond: null,
      queue: { messages: 0 },
      advice: [{ rule: 'workers', severity: 'watch', title: 'No worker is known here' }],
    })
  })

  it('answer the dead letters', async () => {
    const answer = await server.inject('/console/dead-letters')
    assert.deepEqual(answer.json(), { deadLetters: [LETTER] })
  })

  it('replay only on the word of the page itself', async () => {
    const url = '/console/dead-letters/replay'
    const refused = await server.inject({ method: 'POST', url })
    assert.deepEqual([refused.statusCode, replays], [403, 0])
    const foreign = await server.inject({ method: 'POST', url, headers: { ...ASKED, origin: 'http://evil.example' } })
    assert.deepEqual(
      [foreign.statusCode, foreign.json(), replays],
      [403, { detail: 'the call comes from another origin' }, 0],
    )
    const own = { ...ASKED, host: 'api:8686', origin: 'http://api:8686' }
    assert.deepEqual((await server.inject({ method: 'POST', url, headers: own })).json(), { replayed: 7 })
    assert.partialDeepStrictEqual(lines.at(-1), { msg: 'dead letters were replayed from the console', replayed: 7 })
    assert.equal((await server.inject({ url, headers: ASKED })).statusCode, 404)
  })

  it('answer 409 while another reads, and 502 when Pulsar does not answer', async () => {
    fault = new AppError('dead_letters_busy', 'somebody is looking')
    assert.equal((await server.inject('/console/dead-letters')).statusCode, 409)
    fault = new AppError('queue_admin', 'Pulsar does not answer')
    const answer = await server.inject({ method: 'POST', url: '/console/dead-letters/replay', headers: ASKED })
    assert.deepEqual([answer.statusCode, answer.json()], [502, { detail: 'Pulsar does not answer' }])
    fault = new Error('a mistake of ours')
    assert.equal((await server.inject('/console/dead-letters')).statusCode, 500)
  })
})
