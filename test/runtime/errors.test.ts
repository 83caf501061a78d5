import assert from 'node:assert/strict'
import { AppError, errorCodes, messageOf } from '../../runtime/errors.ts'

describe('AppError', () => {
  it('knows by its code whether it may pass', () => {
    assert.equal(new AppError('queue_unavailable', 'x').retryable, true)
    assert.equal(new AppError('queue_refused', 'x').retryable, false)
  })

  it('keeps its cause and context', () => {
    const cause = new Error('refused')
    const error = new AppError('queue_admin', 'Pulsar does not answer', { cause, context: { status: 0 } })
    assert.equal(error.cause, cause)
    assert.deepEqual(error.context, { status: 0 })
    assert.ok(!('cause' in new AppError('queue_admin', 'x')))
  })

  it('has a remedy for every code', () => {
    for (const [code, { remedy }] of Object.entries(errorCodes)) assert.match(remedy, /^[A-Z].*\.$/, code)
  })
})

describe('messageOf', () => {
  it('tells the chain of causes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9200'), { code: 'ECONNREFUSED' })
    const error = new AppError('search_unavailable', 'Elasticsearch does not answer', { cause: refused })
    assert.equal(messageOf(error), 'Elasticsearch does not answer: connect ECONNREFUSED 127.0.0.1:9200')
  })

  it('leaves a cause out that says the same', () => {
    const inner = new Error('refused')
    assert.equal(messageOf(new Error('refused', { cause: new Error('refused', { cause: inner }) })), 'refused')
    assert.equal(messageOf(new Error('a', { cause: new Error('b', { cause: new Error('b') }) })), 'a: b')
  })

  it('finds something to say of whatever was thrown', () => {
    assert.equal(messageOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
    assert.equal(messageOf(new TypeError('')), 'TypeError')
    assert.equal(messageOf('text'), 'text')
    assert.equal(messageOf(undefined), 'undefined')
  })
})
