import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { type Config, loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { assertSetUp, setUpSearch } from '../../../runtime/search/index-set-up.ts'
import { MAPPING_VERSION, templatesOf } from '../../../runtime/search/templates.ts'
import type { SetUpStep } from '../../../runtime/set-up-step.ts'
import { refusal, ScriptedSearch } from '../../support/scripted-search.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

describe('set-up of Elasticsearch', () => {
  const server = new ScriptedServer()
  let search: ScriptedSearch
  let config: Config
  let client: Client

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    config = loadConfig({ ELASTIC_HOST: server.url, ELASTIC_INDEX_SHARDS: '3', ELASTIC_INDEX_REPLICAS: '1' })
    client = searchClient(config)
    search = new ScriptedSearch()
    server.calls.length = 0
    server.answer = search.answer
  })
  afterEach(() => client.close())

  const NOW = Date.parse('2026-11-28T12:00:00Z')
  const setUp = (wanted = config) => setUpSearch(client, wanted, NOW)
  /** State and code of each step about an index or a difference. */
  const codes = (steps: readonly SetUpStep[]) =>
    steps
      .filter(({ what, state }) => what.startsWith('index tracardi') || state === 'differs')
      .map(({ what, state, code }) => [what.replace(/^index (template )?tracardi-/, ''), state, code])
  const indexOf = (
    shards: string,
    replicas: string,
    version: number | undefined = MAPPING_VERSION,
    aliased = true,
  ) => ({
    settings: {
      index: {
        number_of_shards: shards,
        number_of_replicas: replicas,
        refresh_interval: '10s',
        codec: 'best_compression',
        creation_date: String(NOW),
      },
    },
    mappings: version === undefined ? {} : { dynamic: 'strict', _meta: { version } },
    aliases: aliased ? { 'tracardi-event': {} } : {},
  })

  const changes = () =>
    server.calls.filter((call) => call.method === 'PUT').map((call) => `${call.method} ${call.path}`)

  it('makes the templates, and changes nothing the second time', async () => {
    assert.deepEqual(
      (await setUp()).map(({ what, state }) => [what, state]),
      [
        ['index template tracardi-event', 'created'],
        ['index template tracardi-session', 'created'],
        ['index template tracardi-profile', 'created'],
        ['index template tracardi-no-auto-create', 'created'],
      ],
    )
    server.calls.length = 0
    assert.deepEqual(
      (await setUp()).map((step) => step.state),
      ['exists', 'exists', 'exists', 'exists'],
    )
    assert.deepEqual(changes(), [])
  })

  it('updates a template whose shards differ, and keeps the shards of existing indices', async () => {
    await setUp()
    search.indices = { 'tracardi-event-2026-11': indexOf('3', '1'), 'tracardi-session': indexOf('3', '1') }
    const steps = await setUp({ ...config, indexShards: 6 })
    assert.deepEqual([steps[0]?.what, steps[0]?.state], ['index template tracardi-event', 'updated'])
    assert.deepEqual(codes(steps), [
      ['event-2026-11', 'differs', 'shards_kept'],
      ['session', 'differs', 'shards_kept'],
    ])
    assert.deepEqual(search.templates['tracardi-event']?.template?.settings?.index?.['number_of_shards'], '6')
  })

  it('reports an index that keeps its shards although its period has not begun', async () => {
    await setUp()
    search.indices = { 'tracardi-event-2026-12': indexOf('1', '1') }
    const steps = await setUp()
    assert.deepEqual(codes(steps), [['event-2026-12', 'differs', 'shards_kept_early']])
    const [days] = [...(steps[1]?.detail ?? '').matchAll(/\d{4}-\d\d-\d\d/g)]
      .map(([day]) => day)
      .join(' ')
      .split('\n')
    assert.equal(days, '2026-12-01 2026-11-28')
  })

  it('adds replicas to existing indices, and never takes one away', async () => {
    await setUp()
    search.indices = { 'tracardi-event-2026-10': indexOf('3', '2'), 'tracardi-event-2026-11': indexOf('3', '0') }
    server.calls.length = 0
    assert.deepEqual(codes(await setUp()), [
      ['event-2026-10', 'differs', 'replicas_kept'],
      ['event-2026-11', 'updated', undefined],
    ])
    assert.deepEqual(changes(), ['PUT /tracardi-event-2026-11/_settings'])
    assert.equal(server.calls.find((call) => call.method === 'PUT')?.text, '{"index":{"number_of_replicas":1}}')
  })

  it('leaves the replicas of indices on warm nodes to the nightly Job, while there is one', async () => {
    const { settings, ...rest } = indexOf('3', '0')
    const routing = { allocation: { include: { _tier_preference: 'data_warm,data_content' } } }
    await setUp()
    search.indices = { 'tracardi-event-2026-10': { ...rest, settings: { index: { ...settings.index, routing } } } }
    assert.deepEqual(codes(await setUp({ ...config, warmAfterDays: 7 })), [])
    assert.deepEqual(codes(await setUp()), [['event-2026-10', 'updated', undefined]])
  })

  it('gives existing indices the refresh interval, whichever they had', async () => {
    await setUp()
    const without = indexOf('3', '1')
    Reflect.deleteProperty(without.settings.index, 'refresh_interval')
    search.indices = { 'tracardi-event-2026-11': without, 'tracardi-session': indexOf('3', '1') }
    server.calls.length = 0
    assert.deepEqual(codes(await setUp()), [['event-2026-11', 'updated', undefined]])
    search.indices = { 'tracardi-session': indexOf('3', '1') }
    const slower = await setUp({ ...config, indexRefreshSeconds: 30 })
    assert.deepEqual(codes(slower), [['session', 'updated', undefined]])
    assert.deepEqual(
      server.calls.filter(({ path }) => path.endsWith('/_settings')).map(({ path, text }) => [path, text]),
      [
        ['/tracardi-event-2026-11/_settings', '{"index":{"refresh_interval":"10s"}}'],
        ['/tracardi-session/_settings', '{"index":{"refresh_interval":"30s"}}'],
      ],
    )
  })

  it('reports an index that takes no settings, and continues', async () => {
    await setUp()
    search.indices = { 'tracardi-event-2026-10': indexOf('3', '1'), 'tracardi-session': indexOf('3', '1') }
    search.instead = { 'PUT /tracardi-event-2026-10/_settings': refusal(403, 'cluster_block_exception') }
    assert.deepEqual(codes(await setUp({ ...config, indexRefreshSeconds: 5 })), [
      ['event-2026-10', 'differs', 'refresh_kept'],
      ['session', 'updated', undefined],
    ])
    search.instead = { 'PUT /tracardi-event-2026-10/_settings': refusal(503, 'master_not_discovered_exception') }
    await assert.rejects(setUp({ ...config, indexRefreshSeconds: 5 }), { code: 'search_unavailable' })
  })

  it('reports which indices keep another codec, and writes it into the template', async () => {
    await setUp()
    const without = indexOf('3', '1')
    Reflect.deleteProperty(without.settings.index, 'codec')
    search.indices = {
      'tracardi-event-2026-10': without,
      'tracardi-event-2026-11': indexOf('3', '1'),
      'tracardi-session': indexOf('3', '1'),
    }
    assert.deepEqual(codes(await setUp()), [['event-2026-10', 'differs', 'codec_kept']])
    assert.deepEqual(codes(await setUp({ ...config, indexCodec: 'default' })), [
      ['event-2026-11', 'differs', 'codec_kept'],
      ['session', 'differs', 'codec_kept'],
    ])
    assert.equal(search.templates['tracardi-event']?.template?.settings?.index?.['codec'], 'default')
  })

  it('reports which indices lack the doc values that are wanted, and of none that has them unwanted', async () => {
    await setUp()
    const lacking = indexOf('3', '1')
    Object.assign(lacking.mappings, { properties: { properties: { doc_values: false } } })
    search.indices = { 'tracardi-event-2026-11': lacking, 'tracardi-event-2026-12': indexOf('3', '1') }
    assert.deepEqual(codes(await setUp()), [])
    assert.deepEqual(codes(await setUp({ ...config, flattenedDocValues: true })), [
      ['event-2026-11', 'differs', 'doc_values_lacking'],
    ])
  })

  it('adds the fields that an index lacks, and none that it has, indexed as it may be', async () => {
    await setUp()
    const { id, source, ...others } = templatesOf(config)[0]?.body.template.mappings.properties ?? {}
    const properties = {
      ...others,
      id: { type: 'keyword', index: false },
      tags: { properties: { values: { type: 'keyword' } } },
      type: { type: 'text' },
    }
    search.indices = { 'tracardi-event-2026-11': indexOf('3', '1', 0) }
    Object.assign(search.indices['tracardi-event-2026-11']?.mappings ?? {}, { properties })
    server.calls.length = 0
    await setUp()
    const [put] = server.calls.filter(({ method, path }) => method === 'PUT' && path.endsWith('/_mapping'))
    assert.deepEqual(JSON.parse(put?.text ?? ''), {
      dynamic: 'strict',
      _meta: { version: MAPPING_VERSION },
      properties: {
        type: { type: 'keyword', ignore_above: 512 },
        source,
        tags: { properties: { count: { type: 'integer' } } },
      },
    })
  })

  it('adds new fields to indices with an older mapping, and makes a mapping strict again', async () => {
    await setUp()
    search.indices = {
      'tracardi-event-2026-10': indexOf('3', '1', 0),
      'tracardi-event-2026-11': { ...indexOf('3', '1'), mappings: { _meta: { version: MAPPING_VERSION } } },
      'tracardi-event-2026-12': { ...indexOf('3', '1'), mappings: {} },
      'tracardi-event-2027-01': indexOf('3', '1', MAPPING_VERSION + 1),
    }
    assert.deepEqual(codes(await setUp()), [
      ['event-2026-10', 'updated', undefined],
      ['event-2026-11', 'updated', undefined],
      ['event-2026-12', 'updated', undefined],
    ])
    for (const index of Object.values(search.indices)) assert.equal(index.mappings?.dynamic, 'strict')
  })

  it('distinguishes an index that cannot take new fields from one whose mapping was guessed, and gives the latter no alias', async () => {
    await setUp()
    search.indices = {
      'tracardi-event-2026-10': indexOf('3', '1', 0, false),
      'tracardi-event-2026-11': { ...indexOf('3', '1'), mappings: {}, aliases: {} },
    }
    search.instead = {
      'PUT /tracardi-event-2026-10/_mapping': refusal(400, 'illegal_argument_exception'),
      'PUT /tracardi-event-2026-11/_mapping': refusal(
        400,
        'illegal_argument_exception',
        'mapper [id] cannot be changed',
      ),
    }
    assert.deepEqual(codes(await setUp()), [
      ['event-2026-10', 'differs', 'mapping_incomplete'],
      ['event-2026-11', 'differs', 'mapping_guessed'],
    ])
    assert.deepEqual(search.indices['tracardi-event-2026-11']?.aliases, {})
  })

  it('adds a missing alias, and reports when that is refused', async () => {
    await setUp()
    search.indices = { 'tracardi-event-2026-11': indexOf('3', '1', MAPPING_VERSION, false) }
    search.instead = { 'PUT /tracardi-event-2026-11/_alias': refusal(403, 'security_exception') }
    assert.deepEqual(codes(await setUp()), [['event-2026-11', 'differs', 'alias_missing']])
    search.instead = {}
    assert.deepEqual(codes(await setUp()), [['event-2026-11', 'updated', undefined]])
    assert.deepEqual(search.indices['tracardi-event-2026-11']?.aliases, { 'tracardi-event': {} })
  })

  it('names the template of somebody else that applies to our indices', async () => {
    await setUp()
    search.templates['theirs'] = { index_patterns: 'tracardi-*', priority: 900 }
    search.templates['lesser'] = { index_patterns: ['tracardi-ev*-2026*'] }
    const steps = (await setUp()).filter(({ state }) => state === 'differs')
    assert.deepEqual(
      steps.map(({ what, code }) => [what, code]),
      ['event', 'session', 'profile'].map((kind) => [`index template tracardi-${kind}`, 'template_outranked']),
    )
    for (const { detail } of steps) assert.match(detail ?? '', / theirs with priority 900 /)
  })

  it('leaves a template of a newer release alone', async () => {
    await setUp()
    const meta = { version: MAPPING_VERSION + 1 }
    search.templates['tracardi-event'] = { index_patterns: 'tracardi-event-*', priority: 500, _meta: meta }
    assert.deepEqual(codes(await setUp()), [['event', 'differs', 'template_newer']])
    assert.deepEqual(search.templates['tracardi-event']?._meta, meta)
  })

  for (const [what, change] of [
    ['its pattern', { index_patterns: ['tracardi-event-2027*'] }],
    ['its priority', { priority: 1 }],
    ['its composition', { composed_of: ['theirs'] }],
    ['its content', { template: undefined }],
    ['its kind', { data_stream: {} }],
    ['its author', { _meta: {} }],
  ] as const) {
    it(`puts back a template when somebody changed ${what}`, async () => {
      await setUp()
      const ours = structuredClone(search.templates['tracardi-event'])
      Object.assign(search.templates['tracardi-event'] ?? {}, change)
      assert.deepEqual((await setUp())[0]?.state, 'updated')
      assert.deepEqual(search.templates['tracardi-event'], ours)
    })
  }

  it('says which Elasticsearch did not take it', async () => {
    server.answer = () => ({ status: 503 })
    await assert.rejects(setUp(), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.message, `Elasticsearch at ${server.url} refused the set-up`)
      return true
    })
  })

  describe('assertSetUp', () => {
    const codeOf = (error: unknown) => (error instanceof AppError ? [error.code, error.message] : error)
    const failure = () => assertSetUp(client, config).then(() => 'fine', codeOf)

    it('is content once every template exists', async () => {
      await setUp()
      assert.equal(await failure(), 'fine')
    })

    it('reports the template that is missing or too old', async () => {
      assert.deepEqual(await failure(), ['set_up_missing', 'the index template tracardi-event is missing: run set-up'])
      search.templates = { 'tracardi-event': { index_patterns: 'x', _meta: { version: 0 } } }
      assert.deepEqual(await failure(), [
        'set_up_missing',
        `the index template tracardi-event is of version 0, version ${MAPPING_VERSION} is needed: run set-up`,
      ])
      server.answer = () => ({ body: { index_templates: [{ name: 'x', index_template: { _meta: {} } }] } })
      assert.match(String(await failure()), /of version 0/)
    })

    it('reports when Elasticsearch does not answer', async () => {
      server.answer = () => ({ cut: true })
      assert.deepEqual(await failure(), ['search_unavailable', 'Elasticsearch is not reachable'])
    })
  })
})

describe('templatesOf', () => {
  const config = loadConfig({
    ELASTIC_INDEX_SHARDS: '6',
    ELASTIC_INDEX_REPLICAS: '2',
    ELASTIC_INDEX_PREFIX: 'shop',
    ELASTIC_REFRESH_INTERVAL_SECONDS: '30',
    ELASTIC_INDEX_CODEC: 'default',
  })

  it('carries the settings, an alias over the periods of the events, and strict mappings', () => {
    const [event, session, profile] = templatesOf(config)
    assert.deepEqual([event?.name, session?.name, profile?.name], ['shop-event', 'shop-session', 'shop-profile'])
    assert.deepEqual(event?.body.index_patterns, ['shop-event-*'])
    const index = {
      ...{ number_of_shards: '6', number_of_replicas: '2' },
      ...{ refresh_interval: '30s', codec: 'default' },
      // A node that restarts is back within it: nothing is copied before.
      unassigned: { node_left: { delayed_timeout: '5m' } },
    }
    for (const template of [event, session, profile]) assert.deepEqual(template?.body.template.settings, { index })
    assert.deepEqual(event?.body.template.aliases, { 'shop-event': {} })
    assert.deepEqual(session?.body.template.aliases, {})
    for (const template of [event, session, profile]) assert.equal(template?.body.template.mappings.dynamic, 'strict')
  })

  it('gives sessions and profiles shards of their own, where they are stated', () => {
    const shards = (found: typeof config) =>
      templatesOf(found).map(({ body }) => body.template.settings.index.number_of_shards)
    assert.deepEqual(shards(config), ['6', '6', '6'])
    assert.deepEqual(shards({ ...config, stateShards: 2 }), ['6', '2', '2'])
  })

  it('flattens what clients send, so that they can neither explode the mapping nor conflict in it', () => {
    for (const { body } of templatesOf(config)) {
      const { properties, context } = body.template.mappings.properties
      assert.deepEqual(properties, { type: 'flattened', depth_limit: 20, ignore_above: 1024, doc_values: false })
      assert.deepEqual(context, properties)
    }
  })

  it('gives doc values to what clients send where that is wanted', () => {
    for (const { body } of templatesOf({ ...config, flattenedDocValues: true })) {
      const { properties, context } = body.template.mappings.properties
      assert.deepEqual(properties, { type: 'flattened', depth_limit: 20, ignore_above: 1024 })
      assert.deepEqual(context, properties)
    }
  })
})
