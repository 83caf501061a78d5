import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { deleteExpiredStates, expiredStates } from '../../../runtime/search/state-expiry.ts'
import { type Answer, type Call, ScriptedServer } from '../../support/scripted-server.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')

describe('sessions and profiles that have expired', () => {
  const server = new ScriptedServer()
  let client: Client
  const config = (env: Record<string, string>) => loadConfig({ ELASTIC_HOST: server.url, ...env })
  const hit = (id: string) => ({ _index: 'tracardi-session', _id: id, _seq_no: 7, _primary_term: 1, sort: [id.length] })

  /** Two pages of one session each, then none; `bulk` answers the deletions. */
  const pages = (bulk: Answer) => {
    const left = [[hit('a')], [hit('bb')], []]
    return ({ path }: Call): Answer => {
      if (path.endsWith('_pit')) return { body: { id: 'p1' } }
      // Elasticsearch need not report the id again.
      if (path.endsWith('_search'))
        return { body: { ...(left.length === 3 ? { pit_id: 'p2' } : {}), hits: { hits: left.shift() } } }
      return bulk
    }
  }
  const item = (status: number, error?: object) => ({ body: { items: [{ delete: { status, error } }] } })

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    client = searchClient(config({}))
    server.calls.length = 0
  })
  afterEach(() => client.close())

  it('are none if both are kept permanently, and no server is asked', async () => {
    assert.deepEqual(await expiredStates(client, config({}), NOW), [])
    assert.deepEqual(await deleteExpiredStates(client, config({}), NOW), [])
    assert.equal(server.calls.length, 0)
  })

  it('are those whose last call is older than they are kept', async () => {
    server.answer = () => ({ body: { count: 3 } })
    const kept = config({ SESSION_RETENTION_DAYS: '30', PROFILE_RETENTION_DAYS: '365' })
    assert.deepEqual(await expiredStates(client, kept, NOW), [
      { index: 'tracardi-session', retentionDays: 30, documents: 3 },
      { index: 'tracardi-profile', retentionDays: 365, documents: 3 },
    ])
    assert.deepEqual(
      server.calls.map(({ text }) => JSON.parse(text).query.range['metadata.time.update'].lt),
      ['2026-10-23T12:00:00.000Z', '2025-11-22T12:00:00.000Z'],
    )
  })

  it('are none before the first of them', async () => {
    server.answer = () => ({ status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } })
    const kept = config({ PROFILE_RETENTION_DAYS: '1' })
    const none = [{ index: 'tracardi-profile', retentionDays: 1, documents: 0 }]
    assert.deepEqual(await expiredStates(client, kept, NOW), none)
    assert.deepEqual(await deleteExpiredStates(client, kept, NOW), none)
  })

  it('are deleted page by page, only as they were found', async () => {
    server.answer = pages(item(200))
    assert.deepEqual(await deleteExpiredStates(client, config({ SESSION_RETENTION_DAYS: '30' }), NOW), [
      { index: 'tracardi-session', retentionDays: 30, documents: 2 },
    ])
    const searches = server.calls.filter(({ path }) => path.endsWith('_search')).map(({ text }) => JSON.parse(text))
    assert.deepEqual(
      searches.map(({ pit, search_after }) => [pit.id, search_after]),
      [
        ['p1', undefined],
        ['p2', [1]],
        ['p2', [2]],
      ],
    )
    const bulks = server.calls.filter(({ path }) => path.endsWith('_bulk')).map(({ text }) => JSON.parse(text))
    assert.deepEqual(bulks, [
      { delete: { _index: 'tracardi-session', _id: 'a', if_seq_no: 7, if_primary_term: 1 } },
      { delete: { _index: 'tracardi-session', _id: 'bb', if_seq_no: 7, if_primary_term: 1 } },
    ])
    assert.equal(server.calls.at(-1)?.method, 'DELETE')
  })

  it('stay where they were sent again meanwhile, and are gone where somebody else deleted them', async () => {
    for (const status of [409, 404]) {
      server.answer = pages(item(status))
      const [session] = await deleteExpiredStates(client, config({ SESSION_RETENTION_DAYS: '30' }), NOW)
      assert.equal(session?.documents, 0)
    }
  })

  it('are an error where Elasticsearch refuses, and the search is closed', async () => {
    server.answer = pages(item(403, { type: 'security_exception', reason: 'no' }))
    await assert.rejects(deleteExpiredStates(client, config({ SESSION_RETENTION_DAYS: '30' }), NOW), {
      code: 'search_unavailable',
    })
    assert.equal(server.calls.at(-1)?.method, 'DELETE')
  })
})
