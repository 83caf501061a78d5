import assert from 'node:assert/strict'
import { loadConfig } from '../../runtime/config.ts'
import { topicPath, topicSetUpOf, topicsOf } from '../../runtime/names.ts'

describe('topicsOf', () => {
  it('names the topics and subscriptions as Tracardi and Pulsar do', () => {
    assert.deepEqual(topicsOf(loadConfig({})), {
      tenant: 'tracardi',
      namespace: 'system',
      events: 'persistent://tracardi/system/functions',
      eventsSubscription: 'tracardi-function-subscription',
      partitions: 10,
      deadLetters: 'persistent://tracardi/system/functions-tracardi-function-subscription-DLQ',
      deadLettersSubscription: 'dead-letters',
    })
  })
})

describe('topicSetUpOf', () => {
  it('adds what set-up alone makes of the topics', () => {
    const config = loadConfig({})
    const retention = { minutes: 1440, mib: 1024 }
    assert.deepEqual(topicSetUpOf(config), { ...topicsOf(config), bundles: 16, retention })
  })

  it('shares the size that is kept among the partitions, and keeps nothing for 0 hours', () => {
    const retention = (hours: number, gib: number, partitions: number) =>
      topicSetUpOf(
        loadConfig({
          PULSAR_RETENTION_HOURS: String(hours),
          PULSAR_RETENTION_SIZE_GIB: String(gib),
          PULSAR_PARTITIONS: String(partitions),
        }),
      ).retention
    assert.deepEqual(retention(6, 2, 3), { minutes: 360, mib: 682 })
    assert.deepEqual(retention(0, 2, 3), { minutes: 0, mib: 0 })
    assert.deepEqual(retention(1, 1, 1000), { minutes: 60, mib: 1 })
  })
})

describe('topicPath', () => {
  it('is the name as used in a path, with nothing that could leave its place', () => {
    assert.equal(topicPath('persistent://tracardi/system/functions'), 'persistent/tracardi/system/functions')
    assert.equal(topicPath('persistent://a/b/c?d'), 'persistent/a/b/c%3Fd')
  })
})
