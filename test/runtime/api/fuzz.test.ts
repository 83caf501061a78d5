import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { addOpenApi } from '../../../runtime/api/openapi.ts'
import { addQueueRoutes } from '../../../runtime/api/queue-routes.ts'
import { AppError } from '../../../runtime/errors.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { decode } from '../../../runtime/queue/message.ts'
import { lineGuard } from '../../../runtime/search/line-guard.ts'
import { type Api, buildApi, closeApis, fixedSources, goodCall } from '../../support/api.ts'
import { privateServer, SIGNED_IN } from '../../support/private.ts'

const SEED = 20261128
const CASES = 500

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: object
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: TSchema }>> }>
  >
}

const odd = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '.',
    '..',
    '%',
    '%00',
    '__proto__',
    'shop',
    'closed',
    'open',
    'x'.repeat(2000),
    'a\u0000b',
    '😀',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
/** JSON in which any part of a good call may be anything. */
const call = fc
  .record(
    {
      source: fc.oneof({ weight: 5, arbitrary: fc.constant({ id: 'shop' }) }, { weight: 1, arbitrary: fc.jsonValue() }),
      session: fc.jsonValue(),
      profile: fc.oneof(fc.constant(null), fc.record({ id: odd })),
      context: fc.jsonValue({ maxDepth: 30 }),
      properties: fc.dictionary(odd, fc.jsonValue()),
      request: fc.jsonValue(),
      options: fc.jsonValue(),
      events: fc.array(
        fc.record(
          {
            id: odd,
            type: odd,
            time: fc.jsonValue(),
            properties: fc.dictionary(odd, fc.jsonValue()),
            tags: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 5 },
      ),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value))
const body = fc.oneof(
  { weight: 6, arbitrary: call },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: call.chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))) },
)
const headers = fc.record(
  {
    'content-type': fc.constantFrom('application/json', 'text/plain', 'text/html', 'application/x+json', ';;'),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'lzma', ''),
    origin: fc.constantFrom('https://shop.example.com', 'null', 'https://evil.example.com', ''),
    referer: fc.webUrl(),
    authorization: fc.constantFrom('Bearer x', 'Basic', SIGNED_IN.authorization),
    'x-forwarded-for': fc.ipV4(),
    expect: fc.constant('100-continue'),
  },
  { requiredKeys: [] },
)

describe('any call of any route', () => {
  let api: Api
  let server: FastifyInstance
  let paths: Record<string, Record<string, Operation>>
  before(async () => {
    api = await buildApi({}, fixedSources(['shop', 'open', 'closed', 'backend']))
    const missing = async () => {
      throw new AppError('topic_not_found', 'there is no such topic')
    }
    const listener = await privateServer((operators, all) => {
      addQueueRoutes(operators, new Proxy({}, { get: () => missing }) as PulsarAdmin, 'tracardi')
      addOpenApi(operators, [
        { server: api.server, port: 8585, description: 'public' },
        { server: all, port: 8686, description: 'private' },
      ])
    })
    server = listener.server
    await api.server.ready()
    paths = (await listener.get('/openapi.json')).json().paths
  })
  after(async () => {
    await server.close()
    await closeApis()
  })

  /** The path with a value for each parameter; undefined for one that no client can send. */
  function urlOf(path: string, values: readonly string[], query: string): string | undefined {
    let at = 0
    try {
      const filled = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(values[at++ % values.length] as string))
      return query === '' ? filled : `${filled}?${encodeURIComponent(query)}=${encodeURIComponent(query)}`
    } catch {
      return undefined
    }
  }

  it('is answered with a status and a body that the contract has, and is never an internal error', async () => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => ['get', 'post'].includes(method))
        .map(([method, operation]) => ({ path, method: method.toUpperCase() as 'GET' | 'POST', operation })),
    )
    assert.equal(operations.length, 9)
    for (const { path, method, operation } of operations) {
      const target = /^\/(track|collect|redirect)/.test(path) ? api.server : server
      await fc.assert(
        fc.asyncProperty(
          fc.array(odd, { minLength: 1, maxLength: 3 }),
          odd,
          headers,
          body,
          async (values, query, given, payload) => {
            const url = urlOf(path, values, query)
            if (url === undefined) return
            const options: InjectOptions = { method, url, headers: given as Record<string, string> }
            const answer = await target.inject(method === 'POST' ? { ...options, payload } : options)
            const described = operation.responses[String(answer.statusCode)]
            // An empty part of a path, or one of dots, makes another path.
            if (answer.statusCode === 404 && described === undefined) return assert.match(url, /\/\.{0,2}(\/|\?|$)/)
            assert.ok(described, `${method} ${url}: ${answer.statusCode} ${answer.body}`)
            assert.notEqual(answer.statusCode, 500, answer.body)
            const schema = described.content?.['application/json']?.schema
            if (schema) assert.ok(Check(schema, answer.json()), `${answer.statusCode} ${answer.body}`)
          },
        ),
        { seed: SEED, numRuns: CASES },
      )
    }
    // A refusal is a warning; an internal error is an error.
    assert.deepEqual(
      api.logged.filter(({ level }) => Number(level) >= 50),
      [],
    )
    assert.equal(api.budget.used, 0)
  })

  it('leaves only lines that a worker takes', async () => {
    const guard = lineGuard({ indexPrefix: 'tracardi' })
    assert.ok(api.producer.messages.length > 0)
    for (const message of api.producer.messages) assert.equal(guard(decode(message)).fault, undefined)
    assert.equal((await api.server.inject({ method: 'POST', url: '/track', payload: goodCall() })).statusCode, 200)
  })
})
