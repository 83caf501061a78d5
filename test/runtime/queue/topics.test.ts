import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { topicPath, topicsOf } from '../../../runtime/queue/topics.ts'

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

describe('topicPath', () => {
  it('is the name as it stands in a path, with nothing that could leave its place', () => {
    assert.equal(topicPath('persistent://tracardi/system/functions'), 'persistent/tracardi/system/functions')
    assert.equal(topicPath('persistent://a/b/c?d'), 'persistent/a/b/c%3Fd')
  })
})
