import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../../runtime/config.ts'
import { bulkSender } from '../../runtime/search/bulk.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { conflictFinder } from '../../runtime/search/conflicts.ts'
import { callText, eventLines, type Json, sourceSuffix, stateLines } from '../../runtime/search/documents.ts'
import { assertSetUp, setUpSearch } from '../../runtime/search/index-set-up.ts'
import { judgedSender } from '../../runtime/search/judge.ts'
import { deleteExpired, listIndices } from '../../runtime/search/retention.ts'
import { deleteExpiredStates, expiredStates } from '../../runtime/search/state-expiry.ts'
import { configFor } from './servers.ts'

const time = { insert: '2026-11-22T10:00:00.000Z', ingest: '2026-11-22T10:00:00.000Z' }

describe('Elasticsearch, as set-up prepares it', () => {
  let config: Config
  let client: Client
  let suite = 0
  let index: string

  beforeEach(async () => {
    suite += 1
    config = configFor(`search-${suite}`, { ELASTIC_INDEX_SHARDS: '2' })
    index = `${config.indexPrefix}-event-2026-11`
    client = searchClient(config)
    await setUpSearch(client, config)
  })
  afterEach(() => client.close())

  const event = (id: string, properties: Json = {}) =>
    eventLines(index, { id, type: 'a', name: 'A', properties }, callText({ ingest: time.ingest, source: { id: 's' } }))
  const send = async (lines: string) =>
    (await judgedSender(bulkSender(client, 2000))(Buffer.from(lines))).map((result) =>
      'status' in result ? [result.outcome, result.status, result.fault.type] : [result.outcome],
    )
  const count = async (name: string) => {
    await client.indices.refresh({ index: name })
    return (await client.count({ index: name })).count
  }

  it('is ready for workers, and was not before', async () => {
    await assertSetUp(client, config)
    const other = configFor('search-never-set-up')
    await assert.rejects(assertSetUp(client, other), { code: 'set_up_missing' })
  })

  it('makes the index of a period with the first event, with its shards, its alias and its strict mapping', async () => {
    assert.deepEqual(await send(event('e1')), [['stored']])
    const state = (await client.indices.get({ index }))[index]
    assert.equal(state?.settings?.index?.number_of_shards, '2')
    assert.equal(state?.mappings?.dynamic, 'strict')
    assert.deepEqual(Object.keys(state?.aliases ?? {}), [`${config.indexPrefix}-event`])
    assert.equal(await count(`${config.indexPrefix}-event`), 1)
  })

  it('distinguishes a repeated event from another event with its id', async () => {
    const stored = event('e1', { a: 1, big: 2 ** 60, ['__proto__']: 'x' }) + event('e2', { a: 1 })
    await send(stored)
    const again = [event('e1', { a: 1, big: 2 ** 60, ['__proto__']: 'x' }), event('e2', { a: 2 }), event('gone')]
    assert.deepEqual(await conflictFinder(client)(again.map((lines) => Buffer.from(lines))), [
      { index, id: `e2${sourceSuffix('s')}`, source: 's' },
    ])
  })

  it('stores an event once, however often it is sent', async () => {
    await send(event('e1') + event('e2'))
    assert.deepEqual(await send(event('e1') + event('e3')), [
      ['duplicate', 409, 'version_conflict_engine_exception'],
      ['stored'],
    ])
    assert.equal(await count(index), 3)
  })

  it('stores the good neighbours of a document that it refuses', async () => {
    const bad = event('bad').replace('"type":"a"', '"type":"a","unknown":1')
    const [first, second, third] = await send(event('e1') + bad + event('e2'))
    assert.deepEqual([first, third], [['stored'], ['stored']])
    assert.deepEqual(second, ['rejected', 400, 'strict_dynamic_mapping_exception'])
    assert.equal(await count(index), 2)
  })

  it('keeps an event while the pipeline of its index is missing, and stores it when there is one', async () => {
    await send(event('e1'))
    await client.indices.putSettings({ index, settings: { 'index.default_pipeline': 'enrich' } as never })
    assert.deepEqual(await send(event('e2')), [['retry', 400, 'illegal_argument_exception']])
    await client.indices.putSettings({ index, settings: { 'index.default_pipeline': null } as never })
    assert.deepEqual(await send(event('e2')), [['stored']])
  })

  it('never takes a state back in time', async () => {
    const state = (version: number, browser: string) =>
      stateLines(
        `${config.indexPrefix}-session`,
        { id: 's1', metadata: { time: { update: time.insert } }, source: { id: 's' }, context: { browser } },
        version,
      )
    assert.deepEqual(await send(state(20, 'new')), [['stored']])
    assert.deepEqual(await send(state(10, 'old')), [['superseded', 409, 'version_conflict_engine_exception']])
    assert.deepEqual(await send(state(20, 'same')), [['stored']])
    const found = await client.get<{ context: { browser: string } }>({
      index: `${config.indexPrefix}-session`,
      id: 's1',
    })
    assert.equal(found._source?.context.browser, 'same')
  })

  it('keeps two types of one property, and finds both', async () => {
    assert.deepEqual(await send(event('e1', { price: 17 }) + event('e2', { price: { value: 'cheap' } })), [
      ['stored'],
      ['stored'],
    ])
    await client.indices.refresh({ index })
    const search = async (field: string, value: string) =>
      (await client.search({ index, query: { term: { [field]: value } } })).hits.hits.map((hit) =>
        hit._id?.replace(/~.*/, ''),
      )
    assert.deepEqual(await search('properties.price', '17'), ['e1'])
    assert.deepEqual(await search('properties.price.value', 'cheap'), ['e2'])
    const fields = (await client.indices.getMapping({ index }))[index]?.mappings.properties ?? {}
    assert.equal(fields['properties']?.type, 'flattened')
  })

  it('gives new shards to the next period only, and says so', async () => {
    await send(event('e1'))
    const steps = await setUpSearch(client, { ...config, indexShards: 4 })
    assert.deepEqual(
      steps.filter(({ state }) => state === 'differs').map(({ what, code }) => [what, code]),
      [[`index ${index}`, 'shards_kept']],
    )
    await send(event('e2').replace(index, `${config.indexPrefix}-event-2026-12`))
    const shards = (await listIndices(client, config)).map(({ name, shards }) => [name, shards])
    assert.deepEqual(shards, [
      [index, 2],
      [`${config.indexPrefix}-event-2026-12`, 4],
    ])
  })

  it('deletes what has expired, whole indices, and nothing else', async () => {
    await send(event('e1') + event('e2').replace(index, `${config.indexPrefix}-event-2020-01`))
    const keeping = { ...config, eventRetentionDays: 365 }
    assert.deepEqual(await deleteExpired(client, keeping, Date.parse('2026-11-22T00:00:00Z')), [
      `${config.indexPrefix}-event-2020-01`,
    ])
    assert.deepEqual(
      (await listIndices(client, keeping)).map(({ name }) => name),
      [index],
    )
  })

  it('deletes the sessions that were not sent for longer than they are kept, and takes one that comes back', async () => {
    const session = `${config.indexPrefix}-session`
    const nowMs = Date.parse('2026-11-22T00:00:00Z')
    const state = (id: string, daysAgo: number) => {
      const updatedMs = nowMs - daysAgo * 86_400_000
      const update = new Date(updatedMs).toISOString()
      return stateLines(session, { id, metadata: { time: { update } }, source: { id: 's' } }, updatedMs)
    }
    const old = Array.from({ length: 2500 }, (_, n) => state(`old-${n}`, 31)).join('')
    await send(old + state('new', 29))
    assert.equal(await count(session), 2501)
    const keeping = { ...config, sessionRetentionDays: 30 }
    assert.deepEqual(await expiredStates(client, keeping, nowMs), [
      { index: session, retentionDays: 30, documents: 2500 },
    ])
    assert.deepEqual(await deleteExpiredStates(client, keeping, nowMs), [
      { index: session, retentionDays: 30, documents: 2500 },
    ])
    assert.equal(await count(session), 1)
    assert.deepEqual(await send(state('old-7', 0)), [['stored']])
    assert.equal(await count(session), 2)
  })
})
