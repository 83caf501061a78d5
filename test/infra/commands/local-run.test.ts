import assert from 'node:assert/strict'
import { leftOut, localRunOf } from '../../../infra/commands/local-run.ts'
import { StackConfigError } from '../../../infra/config/errors.ts'
import { changed } from '../../support/stack.ts'

describe('the run of a stack on one machine', () => {
  it('has the settings that the stack states, and omits what is for a cluster', () => {
    const run = localRunOf(changed('dev', { runtime: { BULK_SIZE: 100, PULSAR_PARTITIONS: 4 } }))
    assert.deepEqual(run.env, {
      BULK_SIZE: '100',
      BULK_TIMEOUT_SECONDS: '5',
      ELASTIC_INDEX_SHARDS: '1',
      PULSAR_PARTITIONS: '4',
    })
    assert.ok(run.ignored.includes('api.replicas'))
    assert.ok(run.ignored.includes('bookkeeper.ledgersGib'))
    assert.ok(!run.ignored.some((key) => key.startsWith('load.') || key === 'runtime.BULK_SIZE'))
  })

  it('has the sources of the stack, and those of the machine where it states none', () => {
    assert.deepEqual(localRunOf(changed('dev')).sources, { 'my-source': { name: 'My source', allowedOrigins: ['*'] } })
    const { sources: _none, ...rest } = changed('dev')
    assert.equal(localRunOf(rest).sources, undefined)
  })

  it('has the numbers that follow from the load of the stack', () => {
    assert.deepEqual(localRunOf(changed('production')).env, {
      ELASTIC_STATE_SHARDS: '9',
      EVENT_PARTITIONING: 'day',
      EVENT_RETENTION_DAYS: '30',
    })
  })

  it('holds no copies and speaks to Pulsar as the machine can, whatever the stack says, and says so', () => {
    const run = localRunOf(
      changed('production', { runtime: { ELASTIC_INDEX_REPLICAS: 2 }, pulsar: { transport: 'native' } }),
    )
    assert.equal(run.env['ELASTIC_INDEX_REPLICAS'], undefined)
    assert.equal(run.env['PULSAR_TRANSPORT'], undefined)
    assert.ok(run.ignored.includes('runtime.ELASTIC_INDEX_REPLICAS'))
    assert.ok(run.ignored.includes('pulsar.transport'))
  })

  it('brings servers of its own where those of the stack exist already, and asks for none of their secrets', () => {
    const run = localRunOf(
      changed('staging', {
        pulsar: { serviceUrl: 'pulsar://pulsar.example.com:6650', adminUrl: 'http://pulsar.example.com:8080' },
        elasticsearch: { url: 'https://search.example.com:9243' },
      }),
    )
    assert.equal(run.env['PULSAR_HOST'], undefined)
    assert.equal(run.env['ELASTIC_HOST'], undefined)
    for (const key of ['pulsar.serviceUrl', 'pulsar.adminUrl', 'elasticsearch.url'])
      assert.ok(run.ignored.includes(key), key)
  })

  it('is refused for a fault of the stack, as on a cluster', () => {
    assert.throws(() => localRunOf(changed('dev', { runtime: { BULK_SIZ: 1 } })), StackConfigError)
  })

  it('says in a few words what it omits', () => {
    const ignored = ['api.memoryMib', 'api.replicas', 'platform.zones', 'runtime.ELASTIC_INDEX_REPLICAS']
    assert.equal(leftOut(ignored), 'api, platform, ELASTIC_INDEX_REPLICAS')
  })
})
