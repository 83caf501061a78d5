import assert from 'node:assert/strict'
import { waitingText } from '../../../runtime/local/run.ts'

describe('the end of a run', () => {
  it('says what it waits for', () => {
    assert.equal(
      waitingText(['Pulsar', 'Elasticsearch', 'Worker'], 3),
      'Waiting 3 s for Pulsar, Elasticsearch and Worker to end; Ctrl-C again kills them',
    )
    assert.equal(waitingText(['Pulsar'], 12), 'Waiting 12 s for Pulsar to end; Ctrl-C again kills it')
    assert.equal(waitingText([], 12), '')
  })
})
