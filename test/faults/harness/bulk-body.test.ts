import assert from 'node:assert/strict'
import { operationsOf, withRefused } from '../bulk-body.ts'

describe('a bulk of which some operations are refused', () => {
  const body = '{"create":{"_id":"1"}}\n{"a":1}\n{"index":{"_id":"2"}}\n{"b":2}\n{"create":{"_id":"3"}}\n{"c":3}\n'

  it('is known by its operations', () => {
    assert.deepEqual(operationsOf(body), [
      { action: 'create', lines: '{"create":{"_id":"1"}}\n{"a":1}\n' },
      { action: 'index', lines: '{"index":{"_id":"2"}}\n{"b":2}\n' },
      { action: 'create', lines: '{"create":{"_id":"3"}}\n{"c":3}\n' },
    ])
  })

  it('is answered in the order in which it was sent', () => {
    const answered = [{ index: { status: 200 } }]
    const refusal = { status: 429, type: 'es_rejected_execution_exception' }
    const error = { type: 'es_rejected_execution_exception', reason: 'of a fault test' }
    assert.deepEqual(withRefused(operationsOf(body), new Set([0, 2]), answered, refusal), [
      { create: { status: 429, error } },
      { index: { status: 200 } },
      { create: { status: 429, error } },
    ])
  })
})
