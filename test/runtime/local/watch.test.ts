import assert from 'node:assert/strict'
import { totalIn } from '../../../runtime/local/watch.ts'

describe('totalIn', () => {
  it('is the total of the backlog', () => {
    assert.equal(totalIn('{"total": 3, "backlog": []}'), 3)
  })

  it('is unknown when nothing useful was answered', () => {
    assert.equal(totalIn(undefined), undefined)
    assert.equal(totalIn('<html>'), undefined)
    assert.equal(totalIn('{"detail": "Pulsar does not answer"}'), undefined)
  })
})
