import assert from 'node:assert/strict'
import { type Client, errors } from '@elastic/elasticsearch'
import type { Config } from '../../runtime/config.ts'
import { bulkSender } from '../../runtime/search/bulk.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { callText, eventLines, stateLines } from '../../runtime/search/documents.ts'
import { setUpSearch } from '../../runtime/search/index-set-up.ts'
import { configFor } from './servers.ts'

const MINUTES = ['2026-11-28T12:00:00.000Z', '2026-11-28T12:01:00.000Z', '2026-11-28T12:02:00.000Z'] as const

interface Aggregations {
  readonly by: { readonly buckets: readonly { readonly key: unknown }[] }
}

/** What can be done with the stored documents, on a real Elasticsearch. */
/** Of one number, each in one document. */
function derivedFields(number: number) {
  return {
    device: { model: `model-${number}`, type: 'pc', touch: false, resolution: '1x1', color_depth: number },
    os: { name: `system-${number}`, version: '1' },
    app: { type: 'browser', name: `browser-${number}`, version: '1', language: 'pl', bot: number === 1 },
  }
}

describe('the mapping of Elasticsearch', () => {
  let config: Config
  let client: Client
  let event: string
  let session: string
  let suite = 0

  async function store(settings: Record<string, string> = {}): Promise<void> {
    suite += 1
    config = configFor(`mapping-${suite}`, { ELASTIC_INDEX_SHARDS: '2', ...settings })
    client = searchClient(config)
    event = `${config.indexPrefix}-event`
    session = `${config.indexPrefix}-session`
    await setUpSearch(client, config)
    const lines = MINUTES.map((ingest, number) => {
      const of = (name: string) => ({ id: `${name}-${number}` })
      const call = {
        ingest,
        ...{ source: of('source'), session: { ...of('session'), start: ingest } },
        profile: { ...of('profile'), ids: [`crm-${number}`] },
        ip: `192.0.2.${number}`,
        utm: { source: `news-${number}`, campaign: `campaign-${number}` },
        ...derivedFields(number),
      }
      return eventLines(
        `${event}-2026-11`,
        {
          ...{ id: `event-${number}`, type: `type-${number}`, name: `Name ${number}` },
          ...{ create: MINUTES[number] as string, update: MINUTES[number] as string },
          properties: { page: { path: `/path-${number}` }, price: number, [`only-${number}`]: true },
          context: { browser: `browser-${number}` },
          hit: { name: `Page ${number}`, url: `https://shop.example.com/${number}`, referer: `from-${number}` },
          original: { create: ingest, sent: ingest },
          tags: { values: [`tag-${number}`], count: number },
        },
        callText(call),
      )
    })
    const states = MINUTES.map((update, number) => {
      const id = `session-${number}`
      const document = {
        id,
        metadata: { time: { update } },
        source: { id: 's' },
        utm: { campaign: `campaign-${number}` },
        ...derivedFields(number),
        context: { browser: `b-${number}` },
      }
      return stateLines(session, document, number)
    })
    const results = await bulkSender(client, 2000)(Buffer.from([...lines, ...states].join('')))
    assert.deepEqual(new Set(results.map(({ outcome }) => outcome)), new Set(['stored']))
    await client.indices.refresh({ index: [`${event}-*`, session] })
  }
  afterEach(() => client.close())

  const found = async (index: string, query: object) =>
    (await client.search<{ id: string }>({ index, query })).hits.hits.map((hit) => hit._source?.id)
  /** The buckets of an aggregation, or the type of the fault. */
  const buckets = async (field: string): Promise<readonly unknown[] | string> => {
    try {
      const aggs = { by: { terms: { field } } }
      const { aggregations } = await client.search<unknown, Aggregations>({ index: event, size: 0, aggs })
      return aggregations?.by.buckets.map(({ key }) => key) ?? []
    } catch (error) {
      return typeOf(error)
    }
  }
  const sorted = (field: string) =>
    client
      .search<{ id: string }>({ index: event, sort: [{ [field]: 'desc' }] })
      .then(({ hits }) => hits.hits.map((hit) => hit._source?.id), typeOf)
  const typeOf = (error: unknown): string => {
    if (!(error instanceof errors.ResponseError)) throw error
    return error.body.error.root_cause[0].type
  }

  it('finds an event by its id, type, name, source, session, profile, tags and each of its times', async () => {
    await store()
    for (const [field, value] of Object.entries({
      id: 'event-1',
      type: 'type-1',
      name: 'Name 1',
      'source.id': 'source-1',
      'session.id': 'session-1',
      'profile.id': 'profile-1',
      'tags.values': 'tag-1',
      'tags.count': 1,
      'profile.ids': 'crm-1',
      'metadata.ip': '192.0.2.1/32',
      'utm.source': 'news-1',
      'utm.campaign': 'campaign-1',
      'session.start': MINUTES[1],
      'device.model': 'model-1',
      'device.color_depth': 1,
      'os.name': 'system-1',
      'app.name': 'browser-1',
      'app.bot': true,
      'hit.name': 'Page 1',
      'hit.url': 'https://shop.example.com/1',
      'hit.referer': 'from-1',
      'metadata.time.insert': MINUTES[1],
      'metadata.time.ingest': MINUTES[1],
      'metadata.time.create': MINUTES[1],
      'metadata.time.update': MINUTES[1],
    })) {
      assert.deepEqual(await found(event, { term: { [field]: value } }), ['event-1'], field)
    }
    assert.deepEqual(await found(event, { range: { 'metadata.time.insert': { gte: MINUTES[2] } } }), ['event-2'])
    assert.deepEqual(await found(event, { prefix: { id: 'event-2' } }), ['event-2'])
    assert.deepEqual(await found(session, { term: { 'os.name': 'system-1' } }), ['session-1'])
  })

  it('finds events and states by what their properties and context hold', async () => {
    await store()
    for (const query of [
      { term: { 'properties.page.path': '/path-1' } },
      { term: { 'properties.price': '1' } },
      { term: { properties: '/path-1' } },
      { prefix: { 'properties.page.path': '/path-1' } },
      { range: { 'properties.page.path': { gte: '/path-1', lt: '/path-2' } } },
      { exists: { field: 'properties.only-1' } },
      { term: { 'context.browser': 'browser-1' } },
      { query_string: { query: 'properties.page.path:"/path-1" AND context.browser:browser-1' } },
    ]) {
      assert.deepEqual(await found(event, query), ['event-1'], JSON.stringify(query))
    }
    assert.equal((await found(event, { exists: { field: 'properties' } })).length, 3)
    assert.deepEqual(await found(session, { term: { 'context.browser': 'b-1' } }), ['session-1'])
    assert.deepEqual(await found(session, { term: { 'utm.campaign': 'campaign-1' } }), ['session-1'])
  })

  it('sorts and aggregates by type, name, source, session, profile, tags and times', async () => {
    await store()
    for (const [field, name] of Object.entries({
      type: 'type-',
      name: 'Name ',
      'source.id': 'source-',
      'session.id': 'session-',
      'profile.id': 'profile-',
      'tags.values': 'tag-',
    })) {
      assert.deepEqual(await buckets(field), [`${name}0`, `${name}1`, `${name}2`], field)
    }
    for (const time of ['insert', 'ingest', 'create', 'update']) {
      const field = `metadata.time.${time}`
      assert.deepEqual(await sorted(field), ['event-2', 'event-1', 'event-0'], field)
      assert.deepEqual(await buckets(field), MINUTES.map(Date.parse), field)
    }
  })

  it('neither sorts nor aggregates by properties, context and the id, unless that is wanted', async () => {
    await store()
    for (const field of ['properties.page.path', 'context.browser', 'id']) {
      const answers = [await buckets(field), await sorted(field)]
      assert.deepEqual(answers, ['illegal_argument_exception', 'illegal_argument_exception'], field)
    }
    await client.close()
    await store({ ELASTIC_FLATTENED_DOC_VALUES: 'yes' })
    assert.deepEqual(await buckets('properties.page.path'), ['/path-0', '/path-1', '/path-2'])
    assert.deepEqual(await sorted('context.browser'), ['event-2', 'event-1', 'event-0'])
  })
})
