import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../../runtime/config.ts'
import { clusterHealth } from '../../../runtime/console/cluster-health.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const HEALTH = { number_of_nodes: 1, number_of_data_nodes: 1, active_shards: 3, unassigned_shards: 2 }
const SHARDS = [
  { index: 'a', shard: '0', prirep: 'p', state: 'STARTED', 'unassigned.reason': null, 'unassigned.for': null },
  {
    index: 'a',
    shard: '0',
    prirep: 'r',
    state: 'UNASSIGNED',
    'unassigned.reason': 'REPLICA_ADDED',
    'unassigned.for': '61500',
  },
  {
    index: 'b',
    shard: '2',
    prirep: 'p',
    state: 'INITIALIZING',
    'unassigned.reason': 'INDEX_CREATED',
    'unassigned.for': '80',
  },
  { state: 'UNASSIGNED' },
]

describe('the health of the cluster', () => {
  const server = new ScriptedServer()
  let client: Client
  let answers: Record<string, { status?: number; body: unknown }>
  before(async () => {
    await server.start()
    client = searchClient(loadConfig({ ELASTIC_HOST: server.url }))
  })
  after(async () => {
    await client.close()
    await server.stop()
  })
  beforeEach(() => {
    server.calls.length = 0
    answers = {
      '/_cluster/health': { body: { status: 'red', ...HEALTH } },
      '/_cat/shards': { body: SHARDS },
      '/_cluster/allocation/explain': {
        body: {
          allocate_explanation: 'cannot allocate.',
          node_allocation_decisions: [{ node_name: 'es-0', deciders: [{ explanation: 'too many shards' }] }],
        },
      },
    }
    server.answer = ({ path }) => answers[path] ?? { status: 500, body: {} }
  })

  it('has the shards that are not in service, primaries first, and why one of them has no node', async () => {
    const { missingShards, explanation, ...health } = await clusterHealth(client)
    assert.deepEqual(health, { status: 'red', nodes: 1, dataNodes: 1, activeShards: 3, unassignedShards: 2 })
    assert.deepEqual(missingShards, [
      { index: 'b', shard: 2, isPrimary: true, reason: 'INDEX_CREATED', forSeconds: 0.08 },
      { index: 'a', shard: 0, isPrimary: false, reason: 'REPLICA_ADDED', forSeconds: 61.5 },
      { index: '', shard: Number.NaN, isPrimary: false, reason: '', forSeconds: 0 },
    ])
    assert.equal(explanation, 'cannot allocate. es-0: too many shards')
  })

  it('asks for nothing else while it is green', async () => {
    answers['/_cluster/health'] = { body: { status: 'green', ...HEALTH } }
    assert.deepEqual((await clusterHealth(client)).missingShards, [])
    assert.deepEqual(
      server.calls.map(({ path }) => path),
      ['/_cluster/health'],
    )
  })

  it('is without what the credentials do not allow, or what nobody explains', async () => {
    answers['/_cat/shards'] = { status: 403, body: {} }
    answers['/_cluster/allocation/explain'] = { status: 400, body: {} }
    const refused = await clusterHealth(client)
    assert.deepEqual([refused.missingShards, 'explanation' in refused], [null, false])
    answers['/_cluster/allocation/explain'] = { body: {} }
    assert.equal('explanation' in (await clusterHealth(client)), false)
  })
})
