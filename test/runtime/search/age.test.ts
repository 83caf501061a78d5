import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { moveToWarm, warmCandidates } from '../../../runtime/search/age.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const REPLICAS = 'index.number_of_replicas'
const SETTING = 'index.routing.allocation.include._tier_preference'
const END_OF_OCTOBER = Date.parse('2026-11-01T00:00:00Z')
const DAY_MS = 86_400_000

describe('the indices that are old enough for warm nodes', () => {
  const server = new ScriptedServer()
  let client: Client
  const config = (days: number) => loadConfig({ ELASTIC_HOST: server.url, WARM_AFTER_DAYS: String(days) })

  before(() => server.start())
  after(() => server.stop())
  beforeEach(() => {
    client = searchClient(config(7))
    server.calls.length = 0
    server.answer = () => ({
      body: {
        'tracardi-event-2026-11': { settings: { [SETTING]: 'data_content', [REPLICAS]: '2' } },
        'tracardi-event-2026-10': { settings: { [SETTING]: 'data_content', [REPLICAS]: '2' } },
        'tracardi-event-2026-09': { settings: { [REPLICAS]: '2' } },
        'tracardi-event-2026-08': { settings: { [SETTING]: 'data_warm,data_content', [REPLICAS]: '1' } },
        'tracardi-event-backup': { settings: {} },
      },
    })
  })
  afterEach(() => client.close())

  it('are those whose period has ended so long ago, with their copies, and whether they were sent there', async () => {
    const at = (nowMs: number) => warmCandidates(client, config(7), nowMs)
    const older = [
      { name: 'tracardi-event-2026-08', replicas: 1, isSent: true },
      { name: 'tracardi-event-2026-09', replicas: 2, isSent: false },
    ]
    assert.deepEqual(await at(END_OF_OCTOBER + 7 * DAY_MS - 1), older)
    const october = { name: 'tracardi-event-2026-10', replicas: 2, isSent: false }
    assert.deepEqual(await at(END_OF_OCTOBER + 7 * DAY_MS), [...older, october])
  })

  it('are none without a limit, and nobody is asked; none before the first event', async () => {
    assert.deepEqual(await warmCandidates(client, config(0), END_OF_OCTOBER * 2), [])
    assert.equal(server.calls.length, 0)
    server.answer = () => ({ status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } })
    assert.deepEqual(await warmCandidates(client, config(7), END_OF_OCTOBER * 2), [])
  })

  it('prefer warm nodes then, and stay where they are while there are none', async () => {
    await moveToWarm(client, config(7), ['tracardi-event-2026-09', 'tracardi-event-2026-10'])
    assert.deepEqual(
      server.calls.map(({ method, path, text }) => [method, path, JSON.parse(text)]),
      ['09', '10'].map((month) => [
        'PUT',
        `/tracardi-event-2026-${month}/_settings`,
        { [SETTING]: 'data_warm,data_content' },
      ]),
    )
  })

  it('are an error while Elasticsearch does not answer', async () => {
    server.answer = () => ({ cut: true })
    await assert.rejects(warmCandidates(client, config(7), END_OF_OCTOBER), { code: 'search_unavailable' })
  })
})
