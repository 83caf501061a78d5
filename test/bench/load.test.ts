import assert from 'node:assert/strict'
import { parseAnswer, trackRequest } from '../../bench/load/connection.ts'

describe('the load of the bench', () => {
  it('is whole requests, with the length of the body in bytes', () => {
    assert.equal(
      trackRequest('{"ü":1}').toString('utf8'),
      'POST /track HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"ü":1}',
    )
  })

  it('reads an answer once all of it is there', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 503')
    assert.equal(parseAnswer(bytes.subarray(0, 10)), undefined)
    assert.equal(parseAnswer(bytes.subarray(0, 40)), undefined)
    assert.deepEqual(parseAnswer(bytes), { status: 200, length: 42 })
  })
})
