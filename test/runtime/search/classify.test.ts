import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { AppError } from '../../../runtime/errors.ts'
import {
  classifyItem,
  classifyRequest,
  type ItemOutcome,
  isRefusedRequest,
  statusOf,
} from '../../../runtime/search/classify.ts'

describe('classifyItem', () => {
  const cases: readonly [operation: 'create' | 'index', status: number, outcome: ItemOutcome][] = [
    ['create', 201, 'stored'],
    ['index', 200, 'stored'],
    ['create', 409, 'duplicate'],
    ['index', 409, 'superseded'],
    ['create', 429, 'throttled'],
    ['create', 408, 'retry'],
    ['create', 502, 'retry'],
    ['create', 503, 'retry'],
    ['create', 504, 'retry'],
    ['create', 400, 'rejected'],
    ['create', 403, 'rejected'],
    ['create', 404, 'rejected'],
    ['create', 413, 'rejected'],
    ['create', 500, 'rejected'],
  ]
  for (const [operation, status, outcome] of cases) {
    it(`takes ${operation} ${status} for ${outcome}`, () => {
      assert.equal(classifyItem(operation, status), outcome)
    })
  }
})

describe('a request that failed', () => {
  const answered = (statusCode: number | undefined) =>
    new errors.ResponseError({ statusCode, body: '', headers: {}, warnings: null, meta: {} } as never)

  it('slows down at 429 only', () => {
    assert.equal(classifyRequest(answered(429)), 'throttled')
    for (const status of [400, 401, 404, 413, 500, 503]) assert.equal(classifyRequest(answered(status)), 'retry')
    assert.equal(classifyRequest(new AppError('search_unavailable', 'gone')), 'retry')
  })

  it('is refused when the status says that sending it again does not help', () => {
    for (const status of [400, 401, 403, 404, 406, 413, 499]) assert.equal(isRefusedRequest(answered(status)), true)
    for (const status of [408, 429, 500, 502, 503, 504]) assert.equal(isRefusedRequest(answered(status)), false)
    assert.equal(isRefusedRequest(new errors.ConnectionError('refused')), false)
  })

  it('has status 0 without an answer', () => {
    assert.deepEqual([answered(418), answered(undefined), new Error('x')].map(statusOf), [418, 0, 0])
  })
})
