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
  ...{ id: 'i0', source: 'shop', type: 'buy', session: 's1', bytes: 2, payload: '{}', isCut: false },
}
const VIEW = {
  deadLetters: [LETTER],
  matching: 1,
  read: 2,
  counts: { fault: [{ name: 'mapping', count: 2 }], source: [], type: [] },
}

describe('the routes of the console', () => {
  let server: FastifyInstance
  let call: Awaited<ReturnType<typeof privateServer>>['call']
  let lines: readonly Record<string, unknown>[]
  let replays: number
  let asked: unknown[]
  let fault: Error | undefined

  beforeEach(async () => {
    replays = 0
    asked = []
    fault = undefined
    const data: ConsoleData = {
      state: async () => stateOf(pastOf(observation(0)), loadConfig({})),
      advice: async () => ({ advice: [], pastAdvice: [] }),
      history: async () => ({ stepSeconds: 60, samples: [], marks: [] }),
      desk: {
        look: async (filter) => {
          if (fault) throw fault
          asked.push(filter)
          return VIEW
        },
        replay: async (filter) => {
          if (fault) throw fault
          asked.push(filter)
          replays += 1
          return { replayed: 7, refused: 1, reason: 'too large' }
        },
        export: async (filter) => {
          asked.push(filter)
          return { ids: ['i0'], lines: '{}\n' }
        },
        drop: async (ids) => {
          asked.push(ids)
          return ids.length
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
    const { statusCode, headers, body } = await server.inject('/console')
    assert.equal(statusCode, 200)
    assert.equal(body, readFileSync(`${PAGE}console.html`, 'utf8'))
    assert.partialDeepStrictEqual(headers, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    })
  })

  it('serve every file of the page', async () => {
    for (const file of readdirSync(PAGE).filter((name) => /\.(js|css|svg)$/.test(name))) {
      const { statusCode, body } = await server.inject(`/console/page/${file}`)
      assert.deepEqual([statusCode, body], [200, readFileSync(`${PAGE}${file}`, 'utf8')], file)
    }
  })

  for (const prefix of ['', '/ops', '/a/b']) {
    it(`serve what the page loads, directly or through another file, behind a proxy that puts "${prefix}" before all paths`, async () => {
      const seen = new Set<string>()
      const load = async (url: URL): Promise<void> => {
        if (seen.has(url.pathname)) return
        seen.add(url.pathname)
        assert.ok(url.pathname.startsWith(`${prefix}/`), url.pathname)
        const { statusCode, body, headers } = await server.inject(url.pathname.slice(prefix.length))
        assert.equal(statusCode, 200, url.pathname)
        const isScript = String(headers['content-type']).startsWith('text/javascript')
        const links = isScript ? /(?:^import|from) '([^']+)'/gm : /(?:href|src)="([^"#]+)"/g
        for (const [, path] of body.matchAll(links)) await load(new URL(path as string, url))
      }
      await load(new URL(`http://host${prefix}/console`))
      assert.equal(seen.size, readdirSync(PAGE).filter((name) => /\.(js|css|svg|html)$/.test(name)).length + 3)
    })
  }

  it('lead to the page from an address that ends with a slash, with any prefix', async () => {
    const { statusCode, headers } = await server.inject('/console/')
    assert.deepEqual([statusCode, headers['location']], [308, '../console'])
  })

  it('spare what the browser has already', async () => {
    const { headers } = await server.inject('/console/page/console.js')
    const again = await server.inject({
      url: '/console/page/console.js',
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
      // What a single look finds may be a late answer.
      advice: [],
    })
  })

  it('answer the dead letters', async () => {
    const answer = await call({ url: '/console/dead-letters' })
    assert.deepEqual(answer.json(), VIEW)
    await call({ url: '/console/dead-letters?source=&fault=mapping' })
    assert.deepEqual(asked, [{}, { source: '', fault: 'mapping' }])
  })

  it('replay, and log it', async () => {
    const url = '/console/dead-letters/replay'
    const outcome = { replayed: 7, refused: 1, reason: 'too large' }
    assert.deepEqual((await call({ method: 'POST', url })).json(), outcome)
    assert.partialDeepStrictEqual(lines.at(-1), { msg: 'dead letters were replayed from the console', replayed: 7 })
    assert.equal((await call({ url })).statusCode, 405)
    assert.equal(replays, 1)
    await call({ method: 'POST', url, payload: { ids: ['i0'], type: 'buy' } })
    assert.deepEqual(asked, [{}, { ids: ['i0'], type: 'buy' }])
  })

  it('export, and drop only what is named', async () => {
    const post = (what: string, payload?: object) =>
      call({ method: 'POST', url: `/console/dead-letters/${what}`, ...(payload === undefined ? {} : { payload }) })
    assert.deepEqual((await post('export', { fault: 'mapping' })).json(), { ids: ['i0'], lines: '{}\n' })
    assert.deepEqual((await post('export')).json(), { ids: ['i0'], lines: '{}\n' })
    assert.deepEqual((await post('drop', { ids: ['i0', 'i1'] })).json(), { dropped: 2 })
    assert.partialDeepStrictEqual(lines.at(-1), { msg: 'dead letters were dropped from the console', dropped: 2 })
    const many = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(200, '0'))
    assert.deepEqual((await post('drop', { ids: many })).json(), { dropped: 1000 })
    assert.equal(asked.length, 4)
    for (const body of [undefined, {}, { ids: [] }, { ids: [...many, 'one more'] }, { fault: 'mapping' }]) {
      assert.equal((await post('drop', body)).statusCode, 422)
    }
    assert.equal((await post('drop', { ids: ['x'.repeat(300_000)] })).statusCode, 413)
    assert.equal(asked.length, 4)
  })

  it('give nothing and do nothing without the token, from any page', async () => {
    for (const [method, url] of [
      ['GET', '/console/state'],
      ['GET', '/console/dead-letters'],
      ['POST', '/console/dead-letters/replay'],
      ['POST', '/console/dead-letters/export'],
      ['POST', '/console/dead-letters/drop'],
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
