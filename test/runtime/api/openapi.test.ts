import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { addOpenApi } from '../../../runtime/api/openapi.ts'
import { addQueueRoutes } from '../../../runtime/api/queue-routes.ts'
import { Health } from '../../../runtime/health.ts'
import { buildPrivateServer } from '../../../runtime/private-server.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { type Api, buildApi, closeApis, goodCall, trackCall } from '../../support/api.ts'
import { silentLog } from '../../support/log.ts'

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: TSchema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: TSchema }>> }>
  >
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

describe('/openapi.json', () => {
  let api: Api
  let document: Document
  before(async () => {
    api = await buildApi()
    const privateServer = await buildPrivateServer({
      program: 'api',
      transport: 'websocket',
      health: new Health([]),
      registry: new Registry(),
      log: silentLog,
    })
    addQueueRoutes(privateServer, {} as PulsarAdmin, 'tracardi')
    addOpenApi(api.server, privateServer)
    await api.server.ready()
    document = (await privateServer.inject('/openapi.json')).json()
    await privateServer.close()
  })
  after(closeApis)

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
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
        'GET /health/live',
        'GET /health/ready',
        'GET /info/version',
        'GET /metrics',
        'GET /openapi.json',
        'GET /queue/{namespace}/{topic}/backlog',
        'POST /collect/{event_type}/{source_id}',
        'POST /collect/{event_type}/{source_id}/{session_id}',
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

  it('tells every status of a call', () => {
    const statuses = ['200', '401', '403', '413', '415', '422', '429', '503']
    for (const { name, operation } of operations().filter(({ path }) => /^\/(track|collect)/.test(path))) {
      assert.deepEqual(Object.keys(operation.responses), statuses, name)
    }
    assert.deepEqual(Object.keys(document.paths['/track']?.['post']?.requestBody?.content ?? {}), [
      'application/json',
      'text/plain',
    ])
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
