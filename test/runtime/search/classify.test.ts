import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { classifyItem, classifyRequest, type ItemOutcome } from '../../../runtime/search/classify.ts'

describe('classifyItem', () => {
  const cases: readonly [operation: 'create' | 'index', status: number, type: string, outcome: ItemOutcome][] = [
    ['create', 201, '', 'stored'],
    ['index', 200, '', 'stored'],
    ['create', 409, 'version_conflict_engine_exception', 'duplicate'],
    ['index', 409, 'version_conflict_engine_exception', 'superseded'],
    ['create', 429, 'es_rejected_execution_exception', 'throttled'],
    ['create', 429, 'circuit_breaking_exception', 'throttled'],
    ['create', 429, 'cluster_block_exception', 'throttled'],
    ['create', 503, 'unavailable_shards_exception', 'retry'],
    ['create', 500, 'anything', 'retry'],
    ['create', 408, 'process_cluster_event_timeout_exception', 'retry'],
    ['create', 403, 'cluster_block_exception', 'retry'],
    ['create', 403, 'security_exception', 'retry'],
    ['create', 404, 'index_not_found_exception', 'retry'],
    ['create', 400, 'validation_exception', 'retry'],
    ['create', 400, 'index_closed_exception', 'retry'],
    ['create', 400, 'invalid_alias_name_exception', 'retry'],
    ['create', 400, 'document_parsing_exception', 'rejected'],
    ['create', 400, 'mapper_parsing_exception', 'rejected'],
    ['create', 400, 'strict_dynamic_mapping_exception', 'rejected'],
    ['create', 400, 'illegal_argument_exception', 'rejected'],
    ['create', 413, 'anything', 'rejected'],
  ]
  for (const [operation, status, type, outcome] of cases) {
    it(`takes ${operation} ${status} ${type} for ${outcome}`, () => {
      assert.equal(classifyItem(operation, status, { type, reason: 'why' }), outcome)
    })
  }
})

describe('a missing pipeline', () => {
  const outcomeOf = (reason: string) => classifyItem('create', 400, { type: 'illegal_argument_exception', reason })

  it('is no fault of the document, which waits until there is one', () => {
    assert.equal(outcomeOf('pipeline with id [enrich] does not exist'), 'retry')
    assert.equal(outcomeOf('pipeline with id [enrich] does not exist in field [a]'), 'rejected')
  })
})

describe('classifyRequest', () => {
  const answered = (statusCode: number | undefined, body: unknown = '') =>
    new errors.ResponseError({ statusCode, body, headers: {}, warnings: null, meta: {} } as never)

  it('takes a 400 for a fault of the lines only when Elasticsearch itself says so', () => {
    assert.equal(classifyRequest(answered(400, { error: { type: 'illegal_argument_exception' } })), 'split')
    assert.equal(classifyRequest(answered(400, '<html>plain HTTP request was sent to HTTPS port</html>')), 'retry')
    assert.equal(classifyRequest(answered(400, { error: 'bad gateway' })), 'retry')
    assert.equal(classifyRequest(answered(400, undefined)), 'retry')
  })

  it('splits what is too large or malformed, slows down when refused, and tries everything else again', () => {
    assert.equal(classifyRequest(answered(413)), 'split')
    assert.equal(classifyRequest(answered(429)), 'throttled')
    for (const status of [401, 403, 404, 500, 502, 503, 504, undefined])
      assert.equal(classifyRequest(answered(status)), 'retry')
    assert.equal(classifyRequest(new errors.ConnectionError('refused')), 'retry')
    assert.equal(classifyRequest(new TypeError('a bug')), 'retry')
  })
})
