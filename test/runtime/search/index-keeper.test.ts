import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import type { ItemResult } from '../../../runtime/search/bulk.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { callText, eventLines, stateLines } from '../../../runtime/search/documents.ts'
import { IndexKeeper } from '../../../runtime/search/index-keeper.ts'
import { setUpSearch } from '../../../runtime/search/index-set-up.ts'
import { type LineGuard, lineGuard } from '../../../runtime/search/line-guard.ts'
import { MAPPING_VERSION, templatesOf } from '../../../runtime/search/templates.ts'
import { refusal, ScriptedSearch } from '../../support/scripted-search.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const NOVEMBER = 'tracardi-event-2026-11'
const DECEMBER = 'tracardi-event-2026-12'
const INGEST = '2026-11-22T10:00:00.000Z'
const event = (id: string, index = NOVEMBER) =>
  eventLines(index, { id, type: 't', name: 't' }, callText({ ingest: INGEST, source: { id: 's' } }))
const profile = (id: string) =>
  stateLines('tracardi-profile', { id, metadata: { time: { update: INGEST } }, source: { id: 's' } }, 1)

describe('IndexKeeper', () => {
  const server = new ScriptedServer()
  let search: ScriptedSearch
  let client: Client
  let keeper: IndexKeeper
  let nowMs: number
  let made: string[]
  /** Ids of the operations of each bulk that was sent. */
  let sent: string[][]
  /** Ids whose index is answered to be missing. */
  let homeless: Set<string>
  let guard: LineGuard

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    const config = loadConfig({ ELASTIC_HOST: server.url })
    client = searchClient(config)
    search = new ScriptedSearch()
    server.answer = search.answer
    server.calls.length = 0
    nowMs = 0
    made = []
    sent = []
    homeless = new Set()
    const sendBulk = async (lines: Buffer): Promise<ItemResult[]> => {
      const ids = [...lines.toString().matchAll(/"_id":"([^"~]+)/g)].map(([, id]) => id as string)
      sent.push(ids)
      return ids.map((id) =>
        homeless.has(id)
          ? { outcome: 'retry', status: 404, fault: { type: 'index_not_found_exception', reason: '' } }
          : { outcome: 'stored' },
      )
    }
    keeper = new IndexKeeper({ client, config, sendBulk, onMade: (index) => made.push(index), nowMs: () => nowMs })
    guard = lineGuard(config)
  })
  afterEach(() => client.close())

  /** As the worker does it: each message is looked at, and its lines go into a bulk. */
  async function store(events: string, states = ''): Promise<string[]> {
    const count = (lines: string) => lines.split('\n').length >> 1
    const [eventBytes, stateBytes] = [Buffer.from(events), Buffer.from(states)]
    const guarded = { events: count(events), eventLines: eventBytes, states: count(states), stateLines: stateBytes }
    const found = guard(guarded)
    if (found.fault !== undefined) assert.fail(found.fault)
    for (const { index } of [...found.events, ...found.states]) void keeper.ensure(index).catch(() => undefined)
    const results = await keeper.sendBulk(Buffer.concat([eventBytes, stateBytes]))
    return results.map((result) => ('fault' in result ? result.fault.type : result.outcome))
  }
  const asked = () => server.calls.map(({ method, path }) => `${method} ${path}`)

  it('makes a missing index with mapping and alias before anything is sent to it, without any template', async () => {
    assert.deepEqual(await store(event('a') + event('b'), profile('p')), ['stored', 'stored', 'stored'])
    const [ours] = templatesOf(loadConfig({}))
    assert.deepEqual(search.indices[NOVEMBER], JSON.parse(JSON.stringify(ours?.body.template)))
    assert.deepEqual(Object.keys(search.indices).sort(), [NOVEMBER, 'tracardi-profile'])
    assert.deepEqual(made.sort(), [NOVEMBER, 'tracardi-profile'])
    assert.deepEqual(sent, [['a', 'b', 'p']])
  })

  it('takes shards from the template as set-up wrote it, and not from one that somebody changed', async () => {
    await setUpSearch(client, loadConfig({ ELASTIC_HOST: server.url, ELASTIC_INDEX_SHARDS: '7' }))
    await store(event('a'))
    assert.equal(search.indices[NOVEMBER]?.settings?.index?.['number_of_shards'], '7')
    const changed = search.templates['tracardi-event']?.template
    Object.assign(changed ?? {}, { mappings: { dynamic: 'true', _meta: { version: MAPPING_VERSION } } })
    await store(event('b', DECEMBER))
    assert.equal(search.indices[DECEMBER]?.settings?.index?.['number_of_shards'], '3')
    assert.equal(search.indices[DECEMBER]?.mappings?.dynamic, 'strict')
  })

  it('makes the index of the canary without alias, for an event that comes after its deletion', async () => {
    assert.deepEqual(await store(event('a', 'tracardi-canary')), ['stored'])
    const { settings, aliases } = search.indices['tracardi-canary'] ?? {}
    assert.deepEqual([settings?.index?.['number_of_shards'], aliases], ['1', {}])
  })

  it('asks once for an index that exists', async () => {
    search.indices = { [NOVEMBER]: {} }
    await store(event('a'))
    await store(event('b'))
    assert.deepEqual(asked(), [`HEAD /${NOVEMBER}`])
    assert.deepEqual(made, [])
  })

  it('makes an index once for bulks that need it at the same time', async () => {
    await Promise.all([store(event('a')), store(event('b'))])
    assert.equal(asked().filter((one) => one === `PUT /${NOVEMBER}`).length, 1)
  })

  it('takes an index that another worker made meanwhile as it is', async () => {
    search.instead = { [`PUT /${NOVEMBER}`]: refusal(400, 'resource_already_exists_exception') }
    assert.deepEqual(await store(event('a')), ['stored'])
  })

  it('makes an index again when an answer says that it is missing', async () => {
    await store(event('a') + event('b', DECEMBER))
    search.indices = {}
    homeless = new Set(['c'])
    assert.deepEqual(await store(event('c') + event('d', DECEMBER)), ['index_not_found_exception', 'stored'])
    homeless.clear()
    await store(event('c'))
    assert.deepEqual(Object.keys(search.indices), [NOVEMBER])
  })

  it('makes an index again after a review that did not find it', async () => {
    await store(event('a'))
    search.indices = {}
    assert.deepEqual(await keeper.review(new Set()), [])
    await store(event('b'))
    assert.deepEqual(Object.keys(search.indices), [NOVEMBER])
    assert.deepEqual(await keeper.review(new Set([NOVEMBER])), [])
    server.calls.length = 0
    await store(event('c'))
    assert.deepEqual(asked(), [])
  })

  it('sends what belongs elsewhere while an index cannot be made, each answer at its place', async () => {
    search.instead = { [`PUT /${DECEMBER}`]: refusal(400, 'validation_exception', 'too many shards') }
    homeless = new Set(['c'])
    const lines = event('a') + event('x', DECEMBER) + event('b') + event('y', DECEMBER) + event('c')
    const expected = ['stored', 'index_not_made', 'stored', 'index_not_made', 'index_not_found_exception']
    assert.deepEqual(await store(lines), expected)
    assert.deepEqual(sent, [['a', 'b', 'c']])
    assert.deepEqual(await store(event('x', DECEMBER)), ['index_not_made'])
    assert.equal(sent.length, 1)
  })

  it('asks for an index that cannot be made once a second, and reports it until it can', async () => {
    search.instead = { [`PUT /${NOVEMBER}`]: refusal(400, 'validation_exception') }
    const attempts = () => asked().filter((one) => one === `PUT /${NOVEMBER}`).length
    await store(event('a'))
    nowMs = 999
    await store(event('a'))
    assert.equal(attempts(), 1)
    nowMs = 1000
    await store(event('a'))
    assert.equal(attempts(), 2)
    const reported = await keeper.review(new Set())
    assert.equal(attempts(), 3)
    assert.deepEqual(
      reported.map(({ index }) => index),
      [NOVEMBER],
    )
    search.instead = {}
    assert.deepEqual(await keeper.review(new Set()), [])
    assert.deepEqual(await store(event('a')), ['stored'])
  })

  it('makes an index where it may not read the template', async () => {
    search.instead = { 'GET /_index_template': refusal(403, 'security_exception') }
    assert.deepEqual(await store(event('a')), ['stored'])
    assert.deepEqual(made, [NOVEMBER])
  })

  it('makes an index without its alias where it may not name one', async () => {
    let isFirst = true
    server.answer = (call) => {
      if (call.method !== 'PUT' || !isFirst) return search.answer(call)
      isFirst = false
      return refusal(403, 'security_exception')
    }
    assert.deepEqual(await store(event('a')), ['stored'])
    assert.deepEqual(search.indices[NOVEMBER]?.aliases, {})
    assert.equal(search.indices[NOVEMBER]?.mappings?.dynamic, 'strict')
  })

  it('leaves it to Elasticsearch where it may neither look nor make', async () => {
    search.instead = { HEAD: refusal(403, 'security_exception'), 'PUT /': refusal(403, 'security_exception') }
    assert.deepEqual(await store(event('a')), ['stored'])
    assert.deepEqual(made, [])
  })

  it('does not make what it could not look for', async () => {
    search.instead = { HEAD: { status: 503 } }
    assert.deepEqual(await store(event('a')), ['index_not_made'])
    search.instead = { 'GET /_index_template': { status: 503 } }
    nowMs = 1000
    assert.deepEqual(await store(event('a')), ['index_not_made'])
    assert.deepEqual(made, [])
  })

  it('fails as a bulk does while Elasticsearch does not answer', async () => {
    search.instead = { HEAD: { cut: true } }
    await assert.rejects(store(event('a')), { name: 'ConnectionError' })
    search.instead = {}
    assert.deepEqual(await store(event('a')), ['stored'])
  })
})
