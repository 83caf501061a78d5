import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { AppError } from '../../../runtime/errors.ts'
import { bulkSender, shardWaitMs } from '../../../runtime/search/bulk.ts'
import { scriptedClient } from '../../support/scripted-client.ts'

describe('the wait for a shard', () => {
  it('is short, and always ends well before the request', () => {
    const waits = [1, 2, 3, 6, 10, 60, 600].map((seconds) => shardWaitMs({ elasticQueryTimeoutSeconds: seconds }))
    assert.deepEqual(waits, [333, 666, 1000, 2000, 2000, 2000, 2000])
  })
})

describe('bulkSender', () => {
  const search = scriptedClient()
  const { server } = search

  it('posts the lines byte for byte, and asks only for what it reads', async () => {
    server.answer = () => ({
      body: { errors: false, items: [{ create: { status: 201 } }, { index: { status: 200 } }] },
    })
    const lines = Buffer.from('{"create":{}}\n{"a":12345678901234567890}\n')
    assert.deepEqual(await bulkSender(search.client, 2000)(lines), [{ outcome: 'stored' }, { outcome: 'stored' }])
    const [call] = server.calls
    assert.equal(call?.method, 'POST')
    assert.equal(call?.path, '/_bulk')
    assert.equal(call?.text, lines.toString())
    assert.equal(
      call?.query.get('filter_path'),
      'errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason',
    )
    assert.equal(call?.query.get('timeout'), '2000ms')
  })

  it('answers the outcome of each operation with its reason and the cause behind it', async () => {
    const error = { type: 'document_parsing_exception', reason: 'failed to parse', caused_by: { reason: 'no number' } }
    server.answer = () => ({
      body: {
        errors: true,
        items: [
          { create: { status: 201 } },
          { create: { status: 400, error } },
          { index: { status: 409, error: { type: 'v' } } },
          { create: { status: 503 } },
        ],
      },
    })
    assert.deepEqual(await bulkSender(search.client, 2000)(Buffer.from('x\n')), [
      { outcome: 'stored' },
      {
        outcome: 'rejected',
        status: 400,
        fault: { type: 'document_parsing_exception', reason: 'failed to parse: no number' },
      },
      { outcome: 'superseded', status: 409, fault: { type: 'v', reason: '' } },
      { outcome: 'retry', status: 503, fault: { type: 'unknown', reason: '' } },
    ])
  })

  it('throws when the request as a whole failed', async () => {
    server.answer = () => ({ status: 502, body: {} })
    await assert.rejects(bulkSender(search.client, 2000)(Buffer.from('x\n')), errors.ResponseError)
    server.answer = () => ({ cut: true })
    await assert.rejects(bulkSender(search.client, 2000)(Buffer.from('x\n')), errors.ConnectionError)
  })

  it('throws when something else than Elasticsearch answered', async () => {
    server.answer = () => ({ body: { hello: 'world' } })
    await assert.rejects(bulkSender(search.client, 2000)(Buffer.from('x\n')), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'search_unavailable')
      return true
    })
  })
})
