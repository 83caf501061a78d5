import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { IndexKeeper } from '../../../runtime/search/index-keeper.ts'
import { setUpSearch } from '../../../runtime/search/index-set-up.ts'
import { INDEX_TROUBLES, type IndexFault, IndexWatch } from '../../../runtime/search/index-watch.ts'
import { ShardMap } from '../../../runtime/search/shard-map.ts'
import { MAPPING_VERSION } from '../../../runtime/search/templates.ts'
import { recordingLog } from '../../support/log.ts'
import { refusal, ScriptedSearch } from '../../support/scripted-search.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const NOW = Date.parse('2026-11-28T12:00:00Z')
const INDEX = 'tracardi-event-2026-11'

describe('IndexWatch', () => {
  const server = new ScriptedServer()
  let search: ScriptedSearch
  let client: Client
  let keeper: IndexKeeper
  let watch: IndexWatch
  let faults: readonly IndexFault[]
  let counts: Readonly<Record<string, number>>
  let sleeps: { readonly ms: number; readonly wake: () => void; readonly signal: AbortSignal }[]
  let log: ReturnType<typeof recordingLog>

  before(() => server.start())
  after(() => server.stop())
  beforeEach(async () => {
    const config = loadConfig({ ELASTIC_HOST: server.url })
    client = searchClient(config)
    search = new ScriptedSearch()
    server.answer = search.answer
    counts = {}
    sleeps = []
    faults = []
    log = recordingLog()
    const sendBulk = async () => []
    keeper = new IndexKeeper({ client, config, sendBulk, onMade: () => undefined, nowMs: () => NOW })
    watch = new IndexWatch({
      client,
      config,
      keeper,
      shards: new ShardMap({ client, ensure: keeper.ensure, log: log.log, nowMs: () => NOW }),
      log: log.log,
      nowMs: () => NOW,
      sleep: (ms, signal) => new Promise((wake) => sleeps.push({ ms, wake, signal })),
      report: (reported, named) => {
        counts = reported
        faults = named
      },
    })
    await setUpSearch(client, config, NOW)
    search.indices = { [INDEX]: right() }
    server.calls.length = 0
  })
  afterEach(() => client.close())

  const right = () => ({
    settings: { index: { number_of_shards: '3' } },
    mappings: { dynamic: 'strict', _meta: { version: MAPPING_VERSION } },
    aliases: { 'tracardi-event': {} },
  })
  /** The troubles after a check. */
  async function troubles(): Promise<Record<string, number>> {
    await watch.check()
    assert.equal(
      watch.fault() === undefined,
      Object.values(counts).every((count) => count === 0),
    )
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  }
  const writes = () =>
    server.calls.filter(({ method }) => method === 'PUT').map(({ path }) => path.replaceAll('tracardi-', ''))

  it('changes nothing and reports nothing while all is as it should be', async () => {
    assert.deepEqual(await troubles(), {})
    assert.deepEqual(Object.keys(counts), INDEX_TROUBLES)
    assert.deepEqual([writes(), log.lines], [[], []])
  })

  it('writes templates again that are gone or changed, each once', async () => {
    const ours = structuredClone(search.templates)
    delete search.templates['tracardi-event']
    delete search.templates['tracardi-no-auto-create']
    Object.assign(search.templates['tracardi-session'] ?? {}, { priority: 1 })
    assert.deepEqual(await troubles(), {})
    assert.deepEqual(search.templates, ours)
    assert.deepEqual(await troubles(), {})
    assert.deepEqual(writes(), [
      '/_index_template/event',
      '/_index_template/session',
      '/_index_template/no-auto-create',
    ])
    assert.deepEqual(
      log.lines.map(({ what, detail }) => [what, detail]),
      [
        ['index template tracardi-event', 'missing'],
        ['index template tracardi-session', 'changed'],
        ['index template tracardi-no-auto-create', 'missing'],
      ],
    )
  })

  it('leaves templates alone that set-up wrote with another configuration, and those of a newer release', async () => {
    await setUpSearch(client, loadConfig({ ELASTIC_HOST: server.url, ELASTIC_INDEX_SHARDS: '7' }), NOW)
    search.templates['tracardi-profile'] = {
      index_patterns: 'tracardi-profile',
      priority: 500,
      _meta: { version: MAPPING_VERSION + 1 },
    }
    server.calls.length = 0
    assert.deepEqual(await troubles(), {})
    assert.deepEqual(writes(), [])
  })

  it('reports a template that it may not write', async () => {
    delete search.templates['tracardi-event']
    Object.assign(search.templates['tracardi-session'] ?? {}, { allow_auto_create: false })
    search.instead = { 'PUT /_index_template': refusal(403, 'security_exception') }
    assert.deepEqual(await troubles(), { template_missing: 1, template_changed: 1 })
    search.instead = {}
    assert.deepEqual(await troubles(), {})
  })

  it('adds a missing alias, and reports one that it may not add', async () => {
    search.indices[INDEX] = { ...right(), aliases: {} }
    search.instead = { [`PUT /${INDEX}/_alias`]: refusal(403, 'security_exception') }
    assert.deepEqual(await troubles(), { alias_missing: 1 })
    search.instead = {}
    assert.deepEqual(await troubles(), {})
    assert.deepEqual(search.indices[INDEX]?.aliases, { 'tracardi-event': {} })
  })

  it('reports mappings that cannot be repaired', async () => {
    search.indices = {
      'tracardi-event-2026-10': { ...right(), mappings: { dynamic: 'strict', _meta: { version: 0 } } },
      [INDEX]: { ...right(), mappings: {} },
      'tracardi-session': { ...right(), mappings: {} },
    }
    search.instead = {
      [`PUT /${INDEX}/_mapping`]: refusal(400, 'illegal_argument_exception'),
      'PUT /tracardi-event-2026-10/_mapping': refusal(400, 'illegal_argument_exception'),
    }
    assert.deepEqual(await troubles(), { mapping_guessed: 1, mapping_incomplete: 1 })
    assert.equal(search.indices['tracardi-session']?.mappings?.dynamic, 'strict')
  })

  it('reports whose template applies instead of ours', async () => {
    search.templates['theirs'] = { index_patterns: 'tracardi-event*', priority: 900 }
    assert.deepEqual(await troubles(), { template_outranked: 1 })
    assert.match(watch.fault() ?? '', / theirs with priority 900 applies to tracardi-event-2026-11 /)
  })

  it('reports an index that cannot be made, and makes it as soon as it can', async () => {
    search.instead = { 'PUT /tracardi-event-2026-12': refusal(400, 'validation_exception') }
    await keeper.ensure('tracardi-event-2026-12')
    await keeper.sendBulk(Buffer.from('{"create":{"_index":"tracardi-event-2026-12","_id":"a"}}\n{}\n'))
    assert.deepEqual(await troubles(), { index_not_made: 1 })
    search.instead = {}
    assert.deepEqual(await troubles(), {})
    assert.ok(search.indices['tracardi-event-2026-12'])
  })

  it('reports what it may not look at, and looks at the rest', async () => {
    search.instead = { 'POST /_index_template/_simulate_index': refusal(403, 'security_exception') }
    search.indices[INDEX] = { ...right(), aliases: {} }
    assert.deepEqual(await troubles(), { not_allowed: 3 })
    assert.deepEqual(search.indices[INDEX]?.aliases, { 'tracardi-event': {} })
  })

  for (const [what, answer] of [
    ['does not answer', { cut: true }],
    ['has no master', { status: 503 }],
  ] as const) {
    it(`keeps what it knew while Elasticsearch ${what}`, async () => {
      search.templates['theirs'] = { index_patterns: 'tracardi-event*', priority: 900 }
      await watch.check()
      search.instead = { 'GET /': answer }
      assert.deepEqual(await troubles(), { template_outranked: 1 })
      search.instead = { PUT: answer }
      for (const break_ of [
        () => delete search.templates['tracardi-session'],
        () => Object.assign(search.indices, { [INDEX]: { ...right(), aliases: undefined } }),
        () => Object.assign(search.indices, { [INDEX]: { ...right(), mappings: undefined } }),
      ]) {
        const { templates, indices } = structuredClone({ templates: search.templates, indices: search.indices })
        break_()
        assert.deepEqual(await troubles(), { template_outranked: 1 })
        Object.assign(search, { templates, indices })
      }
    })
  }

  it('logs a trouble when it begins and when it ends, and names three at most for readiness', async () => {
    search.templates['theirs'] = { index_patterns: 'tracardi-*', priority: 900 }
    search.instead = { [`PUT /${INDEX}/_alias`]: refusal(403, 'security_exception') }
    search.indices[INDEX] = { ...right(), aliases: {} }
    await watch.check()
    await watch.check()
    assert.match(watch.fault() ?? '', /; and 1 more$/)
    delete search.templates['theirs']
    await watch.check()
    assert.deepEqual(
      log.lines.map(({ level, code }) => [level, code]),
      [
        [40, 'template_outranked'],
        [40, 'alias_missing'],
        [40, 'template_outranked'],
        [40, 'template_outranked'],
        [30, 'template_outranked'],
        [30, 'template_outranked'],
        [30, 'template_outranked'],
      ],
    )
  })

  it('looks every minute, immediately after a new index, and no more once it is stopped', async () => {
    const stop = new AbortController()
    const running = watch.run(stop.signal)
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
    }
    const looks = () => server.calls.filter(({ path }) => path === '/_index_template/tracardi-event').length
    await until(() => sleeps.length === 1)
    const [first] = sleeps
    assert.deepEqual([first?.ms, first?.signal.aborted], [60_000, false])
    watch.soon()
    assert.equal(first?.signal.aborted, true)
    first?.wake()
    await until(() => looks() === 2)
    // A wish during a check is kept for after it.
    watch.soon()
    await until(() => sleeps.length === 2)
    assert.equal(looks(), 3)
    const second = sleeps[1]
    stop.abort()
    assert.equal(second?.signal.aborted, true)
    second?.wake()
    await running
    assert.equal(sleeps.length, 2)
  })

  it('looks every 10 s while something is wrong, which it reports with its name', async () => {
    search.instead = { 'PUT /_index_template': refusal(403, 'security_exception') }
    delete search.templates['tracardi-event']
    const stop = new AbortController()
    const running = watch.run(stop.signal)
    while (sleeps.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(sleeps[0]?.ms, 10_000)
    assert.deepEqual(faults[0]?.code, 'template_missing')
    assert.match(faults[0]?.what ?? '', /^index template tracardi-/)
    stop.abort()
    sleeps[0]?.wake()
    await running
  })
})
