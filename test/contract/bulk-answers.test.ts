import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import type { Config } from '../../runtime/config.ts'
import { bulkSender } from '../../runtime/search/bulk.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { callText, eventLines, type Json, stateLines } from '../../runtime/search/documents.ts'
import { setUpSearch } from '../../runtime/search/index-set-up.ts'
import { judgedSender } from '../../runtime/search/judge.ts'
import { provoked } from '../support/bulk-answers.ts'
import { fateOf } from '../support/bulk-fate.ts'
import { configFor } from './servers.ts'
import { addUsers } from './users.ts'

const CALL = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 's' } })
const nested = (levels: number): Json => (levels === 0 ? {} : { a: nested(levels - 1) })

describe('every class of answer to a bulk that the real server can be brought to', () => {
  let config: Config
  let client: Client
  let index: string
  let session: string
  /** The sender, if it is not the administrator. */
  let sender: Client | undefined

  beforeEach(async () => {
    config = configFor('bulk-answers')
    client = searchClient(config)
    index = `${config.indexPrefix}-event-2026-11`
    session = `${config.indexPrefix}-session`
    sender = undefined
    await setUpSearch(client, config)
  })
  afterEach(async () => {
    const reset = {
      'action.auto_create_index': null,
      'cluster.max_shards_per_node': null,
    }
    // Alone, because a read-only cluster takes no other change.
    await client.cluster.putSettings({ persistent: { 'cluster.blocks.read_only': null } })
    await client.cluster.putSettings({ persistent: reset })
    const names = Object.keys(await client.indices.get({ index: `${config.indexPrefix}-*`, expand_wildcards: 'all' }))
    for (const name of names) {
      await client.indices.putSettings({ index: name, settings: { 'index.blocks.read_only': null } as never })
      await client.indices.delete({ index: name })
    }
    for (const name of ['event', 'session', 'profile', 'no-auto-create'])
      await client.indices.deleteIndexTemplate({ name: `${config.indexPrefix}-${name}` }, { ignore: [404] })
    await sender?.close()
    await client.close()
  })

  const event = (id = 'a', properties: Json = {}, name = index) =>
    eventLines(name, { id, type: 'a', name: 'a', properties }, CALL)
  const state = (version: number) =>
    stateLines(
      session,
      { id: 's', metadata: { time: { update: '2026-11-22T10:00:00Z' } }, source: { id: 's' } },
      version,
    )
  const store = async (lines = event('before')) => {
    await bulkSender(client, 2000)(Buffer.from(lines))
    return event()
  }
  const set = async (settings: object) => {
    await store()
    await client.indices.putSettings({ index, settings: settings as never })
    return event()
  }
  const setCluster = async (persistent: Record<string, unknown>, lines = event()) => {
    await client.cluster.putSettings({ persistent })
    return lines
  }
  const withoutTemplate = async () => {
    for (const name of ['event', 'no-auto-create'])
      await client.indices.deleteIndexTemplate({ name: `${config.indexPrefix}-${name}` })
  }
  const tagged = () => event().replace('"type":"a"', '"type":"a","tags":{"values":["t"],"count":1}')
  const asUser = (env: Record<string, string>) => {
    sender = searchClient(configFor('bulk-answers', env))
    return event()
  }

  /** Brings the server there, and answers the lines to send. */
  const PROVOKE: Readonly<Record<keyof typeof provoked, () => string | Promise<string>>> = {
    created: () => event(),
    duplicate: () => store(event()),
    superseded: () => store(state(2)).then(() => state(1)),
    strict: () => event().replace('"type":"a"', '"type":"a","unknown":1'),
    wrongType: () => event().replace('"insert":"2026', '"insert":"yesterday'),
    tooDeep: () => event('a', nested(20)),
    immenseKey: () => event('a', { ['k'.repeat(40_000)]: 'v' }),
    malformedDocument: () => event().replace('"type":"a"', '"type":a'),
    malformedAction: () => event().replace('"_id":"a', '"_id":"\\xa'),
    longId: () => event('i'.repeat(600)),
    writeBlock: () => set({ 'index.blocks.write': true }),
    readOnlyIndex: () => set({ 'index.blocks.read_only': true }),
    readOnlyCluster: () => store().then(() => setCluster({ 'cluster.blocks.read_only': true })),
    floodStage: () => set({ 'index.blocks.read_only_allow_delete': true }),
    closed: async () => {
      await store()
      await client.indices.close({ index })
      return event()
    },
    noAutoCreate: async () => {
      await withoutTemplate()
      return setCluster({ 'action.auto_create_index': 'false' })
    },
    shardLimit: () => setCluster({ 'cluster.max_shards_per_node': 1 }),
    invalidName: () => event('a', {}, index.toUpperCase()),
    aliasWithoutIndex: async () => {
      const alias = `${config.indexPrefix}-event-2026`
      for (const name of ['01', '02'])
        await client.indices.create({ index: `${alias}-${name}`, aliases: { [alias]: {} } })
      return event('a', {}, alias)
    },
    missingPipeline: () => set({ 'index.default_pipeline': 'enrich' }),
    routing: async () => {
      await client.indices.create({ index, mappings: { _routing: { required: true } } })
      return event()
    },
    otherMapping: async () => {
      await withoutTemplate()
      const mappings = { dynamic: 'strict', properties: { id: { type: 'keyword' } } } as const
      await client.indices.create({ index, mappings })
      return tagged()
    },
    guessedMapping: async () => {
      await withoutTemplate()
      await client.indices.create({ index })
      return store(event('before', { price: 1 })).then(() => event('a', { price: { value: 1 } }))
    },
    noPrimary: async () => {
      const settings = { 'index.routing.allocation.require._name': 'nope' }
      await client.indices.create({ index, settings: settings as never, wait_for_active_shards: 0 })
      return event()
    },
    forbidden: async () => {
      await store()
      await addUsers({ stranger: { cluster: [], indices: [{ names: ['other-*'], privileges: ['write'] }] } })
      return asUser({ ELASTIC_HTTP_AUTH_USERNAME: 'stranger' })
    },
    unknownUser: () => asUser({ ELASTIC_HTTP_AUTH_PASSWORD: 'wrong' }),
  }

  for (const [key, expected] of Object.entries(provoked)) {
    it(`${expected.what}: ${expected.done}`, async () => {
      const lines = await PROVOKE[key as keyof typeof provoked]()
      const send = bulkSender(sender ?? client, 2000)
      const { status, type } = await fateOf(send, lines)
      assert.deepEqual({ status, type }, { status: expected.status, type: expected.type })
      if (expected.done === 'stored') return
      const fate = await fateOf(judgedSender(send), lines)
      assert.equal(fate.done, expected.done)
    })
  }

  it('stores nothing with a trial, nor changes a mapping, whatever the index has', async () => {
    await store(event('kept'))
    const mapping = JSON.stringify(await client.indices.getMapping({ index }))
    const bad = event('bad').replace('"type":"a"', '"type":"a","unknown":1')
    assert.equal((await fateOf(judgedSender(bulkSender(client, 2000)), event('kept') + bad)).done, 'dead letter')
    await client.indices.refresh({ index })
    assert.equal((await client.count({ index })).count, 1)
    const stats = await client.indices.stats({ index })
    assert.equal(stats._all?.primaries?.translog?.operations, 1)
    assert.equal(JSON.stringify(await client.indices.getMapping({ index })), mapping)
  })

  it('takes an event of the deepest and longest properties that the API allows', async () => {
    const properties = { a: nested(18), [`k`.repeat(1000)]: 'v'.repeat(100_000) }
    assert.equal((await fateOf(judgedSender(bulkSender(client, 2000)), event('a', properties))).done, 'stored')
  })
})
