import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { addLiveRoutes } from '../../../runtime/api/live-routes.ts'
import { addOpenApi } from '../../../runtime/api/openapi.ts'
import { addQueueRoutes } from '../../../runtime/api/queue-routes.ts'
import type { DeadLetterDesk } from '../../../runtime/console/dead-letters.ts'
import { addConsoleRoutes } from '../../../runtime/console/routes.ts'
import { Health } from '../../../runtime/health.ts'
import { addMonitoringRoutes } from '../../../runtime/monitoring.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { type Api, buildApi, closeApis, goodCall, trackCall } from '../../support/api.ts'
import { privateServer } from '../../support/private.ts'

interface Operation {
  readonly operationId?: string
  readonly description?: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: TSchema }>> }
  readonly security?: readonly object[]
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string
        readonly headers?: object
        readonly content?: Readonly<Record<string, { readonly schema: TSchema }>>
      }
    >
  >
}

interface Document {
  readonly openapi: string
  readonly servers: readonly Server[]
  readonly components: { readonly securitySchemes: Readonly<Record<string, { readonly scheme: string }>> }
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, Operation>> & { readonly servers: readonly Server[] }>
  >
}

interface Server {
  readonly url: string
}

const OPERATORS = /^\/(console|queue|openapi)/
const PRIVATE = /^\/(console|queue|openapi|health|metrics|info|troubles)/

describe('/openapi.json', () => {
  let api: Api
  let document: Document
  before(async () => {
    api = await buildApi()
    const { server, get } = await privateServer((operators, server) => {
      addQueueRoutes(operators, {} as PulsarAdmin, 'tracardi')
      addLiveRoutes(operators, api.live, api.refusals)
      addConsoleRoutes(operators, {
        state: async () => assert.fail(),
        advice: async () => assert.fail(),
        history: async () => assert.fail(),
        desk: {} as DeadLetterDesk,
      })
      addOpenApi(operators, [
        { server: api.server, port: 8585, description: 'The public listener' },
        { server, port: 8686, description: 'The private listener' },
      ])
    })
    addMonitoringRoutes(server, {
      program: 'api',
      transport: 'websocket',
      health: new Health([]),
      registry: new Registry(),
      troubles: () => [],
    })
    await api.server.ready()
    document = (await get('/openapi.json')).json()
    await server.close()
  })
  after(closeApis)

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, { servers: _, ...methods }]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        operation,
      })),
    )
  const schemaOf = (path: string, method: string, status: string) =>
    document.paths[path]?.[method]?.responses[status]?.content?.['application/json']?.schema as TSchema

  it('is OpenAPI 3.1 and has the routes of both listeners', () => {
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(
      operations()
        .map(({ name }) => name)
        .toSorted(),
      [
        'GET /collect/{event_type}/{source_id}',
        'GET /collect/{event_type}/{source_id}/{session_id}',
        'GET /console/advice',
        'GET /console/dead-letters',
        'GET /console/events',
        'GET /console/events/payload',
        'GET /console/history',
        'GET /console/refusals',
        'GET /console/state',
        'GET /health/live',
        'GET /health/ready',
        'GET /info/version',
        'GET /metrics',
        'GET /openapi.json',
        'GET /queue/{namespace}/{topic}/backlog',
        'GET /redirect/{redirect_id}',
        'GET /redirect/{redirect_id}/{session_id}',
        'GET /troubles',
        'POST /collect/{event_type}/{source_id}',
        'POST /collect/{event_type}/{source_id}/{session_id}',
        'POST /console/dead-letters/drop',
        'POST /console/dead-letters/export',
        'POST /console/dead-letters/replay',
        'POST /track',
      ],
    )
  })

  it('has for each path exactly the parameters that the path has', () => {
    for (const { name, path, operation } of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        described.map((parameter) => parameter.name),
        named,
        name,
      )
      assert.ok(
        described.every(({ required }) => required),
        name,
      )
    }
  })

  it('names for each path the listener that has it', () => {
    const urls = ['http://{host}:8585', 'http://{host}:8686']
    assert.deepEqual(
      document.servers.map(({ url }) => url),
      urls,
    )
    for (const [path, { servers }] of Object.entries(document.paths)) {
      assert.deepEqual(
        servers.map(({ url }) => url),
        [urls[PRIVATE.test(path) ? 1 : 0]],
        path,
      )
    }
  })

  it('says which routes ask for the token', () => {
    assert.equal(document.components.securitySchemes['operatorToken']?.scheme, 'bearer')
    for (const { name, path, operation } of operations()) {
      const asks = OPERATORS.test(path)
      assert.deepEqual(operation.security, asks ? [{ operatorToken: [] }] : undefined, name)
      if (PRIVATE.test(path)) assert.equal('401' in operation.responses, asks, name)
    }
  })

  it('reports every status of the private listener, each in its own words', () => {
    const always = ['400', '405', '408', '414', '417', '421', '431', '500']
    const own: Record<string, readonly string[]> = {
      '/health/ready': ['503'],
      '/queue/{namespace}/{topic}/backlog': ['401', '404', '422', '502'],
      '/console/advice': ['401'],
      '/console/history': ['401'],
      '/console/state': ['401'],
      '/console/events': ['401', '409', '422'],
      '/console/events/payload': ['401', '404', '422'],
      '/console/refusals': ['401', '422'],
      '/console/dead-letters': ['401', '409', '422', '502'],
      ...Object.fromEntries(
        ['replay', 'export', 'drop'].map((what) => [
          `/console/dead-letters/${what}`,
          ['401', '409', '413', '415', '422', '502'],
        ]),
      ),
      '/openapi.json': ['401'],
    }
    for (const { name, path, operation } of operations().filter(({ path }) => PRIVATE.test(path))) {
      assert.deepEqual(Object.keys(operation.responses), ['200', ...always, ...(own[path] ?? [])].sort(), name)
      const descriptions = Object.values(operation.responses).map(({ description }) => description)
      assert.equal(new Set(descriptions).size, descriptions.length, name)
      assert.ok(!descriptions.includes('Default Response'), name)
      assert.deepEqual(Object.keys(operation.responses['405']?.headers ?? {}), ['Allow'], name)
    }
  })

  it('has the metrics as text', () => {
    assert.deepEqual(Object.keys(document.paths['/metrics']?.['get']?.responses['200']?.content ?? {}), ['text/plain'])
  })

  it('reports every status of a call', () => {
    const own = [200, 401, 403, 413, 415, 422, 429, 503]
    const statuses = [...own, 400, 405, 408, 414, 417, 431, 500, 501].sort().map(String)
    for (const { name, operation } of operations().filter(({ path }) => /^\/(track|collect)/.test(path))) {
      assert.deepEqual(Object.keys(operation.responses), statuses, name)
    }
  })

  it('has one type of body for each call, which generators of clients need, and names the others', () => {
    const others = {
      '/track': ['text/plain'],
      '/collect/{event_type}/{source_id}': ['text/plain', 'text/ping', 'application/x-www-form-urlencoded'],
    }
    for (const [path, types] of Object.entries(others)) {
      const { requestBody, description = '' } = document.paths[path]?.['post'] ?? {}
      assert.deepEqual(Object.keys(requestBody?.content ?? {}), ['application/json'])
      for (const type of types) assert.ok(description.includes(type), type)
    }
  })

  it('has a name for each operation of senders, and for the backlog', () => {
    const named = operations().flatMap(({ name, operation }) =>
      operation.operationId ? [[operation.operationId, name]] : [],
    )
    assert.deepEqual(Object.fromEntries(named), {
      track: 'POST /track',
      collect: 'POST /collect/{event_type}/{source_id}',
      collectQuery: 'GET /collect/{event_type}/{source_id}',
      collectInSession: 'POST /collect/{event_type}/{source_id}/{session_id}',
      collectInSessionQuery: 'GET /collect/{event_type}/{source_id}/{session_id}',
      backlog: 'GET /queue/{namespace}/{topic}/backlog',
    })
  })

  for (const [verdict, bodies] of [
    [
      true,
      [
        goodCall(),
        { source: { id: 'shop' } },
        goodCall({
          session: null,
          profile: null,
          context: null,
          properties: null,
          request: null,
          options: null,
          events: null,
        }),
        goodCall({
          events: [
            { type: 't', id: null, time: { create: 0 }, properties: null, context: null, options: null, tags: null },
          ],
        }),
      ],
    ],
    [
      false,
      [
        [],
        {},
        goodCall({ source: { id: ' ' } }),
        goodCall({ events: [{}] }),
        goodCall({ events: [{ type: '' }] }),
        goodCall({ events: [{ type: 't', properties: [] }] }),
        goodCall({ events: [{ type: 't', time: { insert: true } }] }),
        goodCall({ events: [{ type: 't', tags: [1] }] }),
        goodCall({ events: [{ type: 't', tags: Array(101).fill('a') }] }),
        goodCall({ events: Array(1001).fill({ type: 't' }) }),
        goodCall({ options: 'x' }),
      ],
    ],
  ] as const) {
    it(`${verdict ? 'takes' : 'refuses'} by its schema what the API ${verdict ? 'takes' : 'refuses'}`, async () => {
      const schema = document.paths['/track']?.['post']?.requestBody?.content['application/json']?.schema as TSchema
      for (const body of bodies) {
        const answer = await api.server.inject(trackCall(body))
        assert.deepEqual(
          [answer.statusCode, Check(schema, body)],
          [verdict ? 200 : 422, verdict],
          JSON.stringify(body).slice(0, 200),
        )
      }
    })
  }

  it('describes the answers as they are', async () => {
    const good = (await api.server.inject(trackCall(goodCall()))).json()
    assert.equal(Check(schemaOf('/track', 'post', '200'), good), true)
    assert.equal(Check(schemaOf('/track', 'post', '200'), { ...good, task: 'id' }), false)
    const nobody = (
      await api.server.inject({ url: '/collect/t/shop', headers: { origin: 'https://shop.example.com' } })
    ).json()
    assert.equal(Check(schemaOf('/collect/{event_type}/{source_id}', 'get', '200'), nobody), true)
    const faulty = (await api.server.inject(trackCall({}))).json()
    assert.equal(Check(schemaOf('/track', 'post', '422'), faulty), true)
    const denied = (await api.server.inject(trackCall(goodCall({ source: { id: 'x' } })))).json()
    assert.equal(Check(schemaOf('/track', 'post', '401'), denied), true)
  })
})
