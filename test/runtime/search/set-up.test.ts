import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { type Config, loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { assertSetUp, setUpSearch } from '../../../runtime/search/set-up.ts'
import { MAPPING_VERSION, templatesOf } from '../../../runtime/search/templates.ts'
import { type Call, ScriptedServer } from '../../support/scripted-server.ts'

const CANNOT_CHANGE = {
  type: 'illegal_argument_exception',
  reason: 'cannot change type',
  root_cause: [{ type: 'illegal_argument_exception', reason: 'cannot change type' }],
}

interface IndexState {
  shards: string
  replicas: string
  version?: number
}

describe('set-up of Elasticsearch', () => {
  const server = new ScriptedServer()
  let config: Config
  let client: Client
  let templates: Record<string, { shards: string; replicas: string; version?: number }>
  let indices: Record<string, IndexState>
  let refuseMapping: boolean

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    config = loadConfig({ ELASTIC_HOST: server.url, ELASTIC_INDEX_SHARDS: '3', ELASTIC_INDEX_REPLICAS: '1' })
    client = searchClient(config)
    templates = {}
    indices = {}
    refuseMapping = false
    server.calls.length = 0
    server.answer = answer
  })
  afterEach(() => client.close())

  /** As much of Elasticsearch as set-up asks for. */
  function answer(call: Call) {
    const [, first = '', name = ''] = call.path.split('/')
    if (first === '_index_template') return call.method === 'PUT' ? putTemplate(name, call) : getTemplate(name)
    if (call.path.endsWith('/_mapping')) {
      return refuseMapping ? { status: 400, body: { error: CANNOT_CHANGE } } : { body: { acknowledged: true } }
    }
    if (call.path.endsWith('/_settings')) return { body: { acknowledged: true } }
    const prefix = decodeURIComponent(first).replace('*', '')
    const found = Object.entries(indices).filter(([index]) => index.startsWith(prefix))
    if (found.length === 0) return { status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } }
    return { body: Object.fromEntries(found.map(([index, state]) => [index, stateOf(state)])) }
  }

  function stateOf({ shards, replicas, version }: IndexState) {
    return {
      settings: { index: { number_of_shards: shards, number_of_replicas: replicas } },
      mappings: version === undefined ? {} : { _meta: { version } },
    }
  }

  function putTemplate(name: string, call: Call) {
    const body = JSON.parse(call.text)
    const { number_of_shards: shards, number_of_replicas: replicas } = body.template.settings.index
    templates[name] = { shards, replicas, version: body._meta.version }
    return { body: { acknowledged: true } }
  }

  function getTemplate(name: string) {
    const template = templates[name]
    if (!template) return { status: 404, body: { error: { type: 'resource_not_found_exception' }, status: 404 } }
    const { shards, replicas, version } = template
    const index_template = {
      ...(version === undefined ? {} : { _meta: { version } }),
      template: { settings: { index: { number_of_shards: shards, number_of_replicas: replicas } } },
    }
    return { body: { index_templates: [{ name, index_template }] } }
  }

  const changes = () =>
    server.calls.filter((call) => call.method !== 'GET').map((call) => `${call.method} ${call.path}`)

  it('makes the three templates, and changes nothing the second time', async () => {
    assert.deepEqual(await setUpSearch(client, config), [
      { what: 'index template tracardi-event', state: 'created', detail: '3 shards, 1 replicas' },
      { what: 'index template tracardi-session', state: 'created', detail: '3 shards, 1 replicas' },
      { what: 'index template tracardi-profile', state: 'created', detail: '3 shards, 1 replicas' },
    ])
    server.calls.length = 0
    const states = (await setUpSearch(client, config)).map((step) => step.state)
    assert.deepEqual(states, ['exists', 'exists', 'exists'])
    assert.deepEqual(changes(), [])
  })

  it('updates a template whose shards differ, keeps the shards of existing indices, and says so', async () => {
    await setUpSearch(client, config)
    indices = {
      'tracardi-event-2026-11': { shards: '3', replicas: '1', version: MAPPING_VERSION },
      'tracardi-session': { shards: '3', replicas: '1', version: MAPPING_VERSION },
    }
    const grown = { ...config, indexShards: 6 }
    const steps = await setUpSearch(client, grown)
    assert.deepEqual(steps[0], {
      what: 'index template tracardi-event',
      state: 'updated',
      detail: '6 shards, 1 replicas',
    })
    assert.deepEqual(steps[1], {
      what: 'index tracardi-event-2026-11',
      state: 'differs',
      detail: 'it keeps its 3 shards; the next period begins with 6',
    })
    assert.deepEqual(steps[3], {
      what: 'index tracardi-session',
      state: 'differs',
      detail: 'it keeps its 3 shards; only a new index can have 6',
    })
  })

  it('adds replicas to existing indices, and never takes one away', async () => {
    await setUpSearch(client, config)
    indices = {
      'tracardi-event-2026-10': { shards: '3', replicas: '2', version: MAPPING_VERSION },
      'tracardi-event-2026-11': { shards: '3', replicas: '0', version: MAPPING_VERSION },
    }
    server.calls.length = 0
    const steps = (await setUpSearch(client, config)).filter((step) => step.what.startsWith('index tracardi'))
    assert.deepEqual(steps, [
      {
        what: 'index tracardi-event-2026-10',
        state: 'differs',
        detail: 'it keeps its 2 replicas, which is more than the 1 configured: lower them yourself if you mean it',
      },
      { what: 'index tracardi-event-2026-11', state: 'updated', detail: 'from 0 to 1 replicas' },
    ])
    assert.deepEqual(changes(), ['PUT /tracardi-event-2026-11/_settings'])
    assert.equal(server.calls.find((call) => call.method === 'PUT')?.text, '{"index":{"number_of_replicas":1}}')
  })

  it('adds new fields to indices with an older mapping, and tells of one that cannot take them', async () => {
    await setUpSearch(client, config)
    indices = { 'tracardi-event-2026-11': { shards: '3', replicas: '1' } }
    const steps = await setUpSearch(client, config)
    assert.deepEqual(steps[1], {
      what: 'index tracardi-event-2026-11',
      state: 'updated',
      detail: `mapping of version ${MAPPING_VERSION}`,
    })
    refuseMapping = true
    const refused = (await setUpSearch(client, config))[1]
    assert.equal(refused?.state, 'differs')
    assert.match(refused?.detail ?? '', /^its mapping cannot take the new fields: .*cannot change type/s)
  })

  it('leaves a template of a newer release alone', async () => {
    templates = { 'tracardi-event': { shards: '1', replicas: '0', version: MAPPING_VERSION + 1 } }
    const [step] = await setUpSearch(client, config)
    assert.equal(step?.state, 'differs')
    assert.match(step?.detail ?? '', /made by a newer release/)
    assert.equal(templates['tracardi-event']?.shards, '1')
  })

  it('replaces a template of the same name that is not ours', async () => {
    templates = { 'tracardi-event': { shards: '3', replicas: '1' } }
    assert.equal((await setUpSearch(client, config))[0]?.state, 'updated')
  })

  it('says which Elasticsearch did not take it', async () => {
    server.answer = () => ({ status: 503 })
    await assert.rejects(setUpSearch(client, config), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.message, `Elasticsearch at ${server.url} did not take the set-up`)
      return true
    })
  })

  describe('assertSetUp', () => {
    const codeOf = (error: unknown) => (error instanceof AppError ? [error.code, error.message] : error)
    const failure = () => assertSetUp(client, config).then(() => 'fine', codeOf)

    it('is content once every template is there', async () => {
      await setUpSearch(client, config)
      assert.equal(await failure(), 'fine')
    })

    it('tells the template that is missing or too old', async () => {
      assert.deepEqual(await failure(), ['set_up_missing', 'the index template tracardi-event is missing: run set-up'])
      templates = { 'tracardi-event': { shards: '3', replicas: '1', version: 0 } }
      assert.deepEqual(await failure(), [
        'set_up_missing',
        `the index template tracardi-event is of version 0, version ${MAPPING_VERSION} is needed: run set-up`,
      ])
      server.answer = () => ({ body: { index_templates: [{ name: 'x', index_template: { _meta: {} } }] } })
      assert.match(String(await failure()), /of version 0/)
    })

    it('tells when Elasticsearch does not answer', async () => {
      server.answer = () => ({ cut: true })
      assert.deepEqual(await failure(), ['search_unavailable', `Elasticsearch at ${server.url} does not answer`])
    })
  })
})

describe('templatesOf', () => {
  const config = loadConfig({ ELASTIC_INDEX_SHARDS: '6', ELASTIC_INDEX_REPLICAS: '2', ELASTIC_INDEX_PREFIX: 'shop' })

  it('carries shards and replicas, an alias over the periods of the events, and strict mappings', () => {
    const [event, session, profile] = templatesOf(config)
    assert.deepEqual([event?.name, session?.name, profile?.name], ['shop-event', 'shop-session', 'shop-profile'])
    assert.deepEqual(event?.body.index_patterns, ['shop-event-*'])
    assert.deepEqual(event?.body.template.settings, { index: { number_of_shards: '6', number_of_replicas: '2' } })
    assert.deepEqual(event?.body.template.aliases, { 'shop-event': {} })
    assert.deepEqual(session?.body.template.aliases, {})
    for (const template of [event, session, profile]) assert.equal(template?.body.template.mappings.dynamic, 'strict')
  })

  it('flattens what clients send, so that they can neither explode the mapping nor conflict in it', () => {
    const [event] = templatesOf(config)
    const fields = event?.body.template.mappings.properties as Record<string, { type?: string; ignore_above?: number }>
    assert.deepEqual(fields['properties'], { type: 'flattened', depth_limit: 20, ignore_above: 1024 })
    assert.deepEqual(fields['context'], { type: 'flattened', depth_limit: 20, ignore_above: 1024 })
  })
})
