import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { type Config, loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { deleteExpired, expiredOf, isExpired, listIndices } from '../../../runtime/search/retention.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const DAY_MS = 24 * 3600 * 1000

describe('isExpired', () => {
  const endOfOctober = Date.parse('2026-11-01T00:00:00Z')

  it('begins when the last moment of the period is as old as the retention', () => {
    assert.equal(isExpired('tracardi-event-2026-10', 'tracardi-event', 30, endOfOctober + 30 * DAY_MS - 1), false)
    assert.equal(isExpired('tracardi-event-2026-10', 'tracardi-event', 30, endOfOctober + 30 * DAY_MS), true)
  })

  it('does not come for a period that has not begun, in whose index a clock that was ahead has put events', () => {
    assert.equal(isExpired('tracardi-event-2026-12', 'tracardi-event', 1, NOW), false)
    assert.equal(isExpired('tracardi-event-2026-12', 'tracardi-event', 1, Date.parse('2027-01-01T23:59:59Z')), false)
    assert.equal(isExpired('tracardi-event-2026-12', 'tracardi-event', 1, Date.parse('2027-01-02T00:00:00Z')), true)
  })

  it('never comes for sessions and profiles, foreign indices, or without a retention', () => {
    assert.equal(isExpired('tracardi-session', 'tracardi-event', 1, NOW), false)
    assert.equal(isExpired('tracardi-event-backup', 'tracardi-event', 1, NOW), false)
    assert.equal(isExpired('tracardi-event-2020-01', 'tracardi-event', 0, NOW), false)
  })
})

describe('the indices of a configuration', () => {
  const server = new ScriptedServer()
  let config: Config
  let client: Client
  const row = (index: string) => ({
    index,
    'docs.count': '12',
    'store.size': '3400',
    'pri.store.size': '1700',
    'creation.date': '1762300800000',
    pri: '3',
    rep: '1',
    health: 'green',
  })

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    config = loadConfig({ ELASTIC_HOST: server.url, EVENT_RETENTION_DAYS: '30' })
    client = searchClient(config)
    server.calls.length = 0
    server.answer = (call) =>
      call.method === 'DELETE'
        ? { body: { acknowledged: true } }
        : {
            body: [
              row('tracardi-profile'),
              row('tracardi-event-2026-11'),
              row('tracardi-event-2026-09'),
              { index: 'tracardi-event-2026-08', pri: '1', rep: '0' },
            ],
          }
  })
  afterEach(() => client.close())

  it('are listed by name, and some of them have expired', async () => {
    const reports = await listIndices(client, config)
    assert.deepEqual(
      reports.map(({ name }) => name),
      ['tracardi-event-2026-08', 'tracardi-event-2026-09', 'tracardi-event-2026-11', 'tracardi-profile'],
    )
    assert.deepEqual(expiredOf(reports, config, NOW), reports.slice(0, 2))
    assert.deepEqual(reports[2], {
      name: 'tracardi-event-2026-11',
      documents: 12,
      bytes: 3400,
      primaryBytes: 1700,
      createdAtMs: 1_762_300_800_000,
      shards: 3,
      replicas: 1,
      health: 'green',
    })
  })

  it('are deleted whole once expired, and no other', async () => {
    assert.deepEqual(await deleteExpired(client, config, NOW), ['tracardi-event-2026-08', 'tracardi-event-2026-09'])
    const deleted = server.calls.filter((call) => call.method === 'DELETE').map((call) => call.path)
    assert.deepEqual(deleted, ['/tracardi-event-2026-08', '/tracardi-event-2026-09'])
  })

  it('are none before the first event', async () => {
    server.answer = () => ({ status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } })
    assert.deepEqual(await listIndices(client, config), [])
  })

  it('cannot be listed while Elasticsearch is down', async () => {
    server.answer = () => ({ cut: true })
    await assert.rejects(
      listIndices(client, config),
      (error) => error instanceof AppError && error.code === 'search_unavailable',
    )
  })
})
