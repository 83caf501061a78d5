import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Connection, parseAnswer, trackRequest } from '../../bench/load/connection.ts'

describe('the load of the bench', () => {
  it('is whole requests, with the length of the body in bytes', () => {
    assert.equal(
      trackRequest('{"ü":1}').toString('utf8'),
      'POST /track HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"ü":1}',
    )
  })

  it('reads an answer once all of it exists', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 503')
    assert.equal(parseAnswer(bytes.subarray(0, 10)), undefined)
    assert.equal(parseAnswer(bytes.subarray(0, 40)), undefined)
    assert.deepEqual(parseAnswer(bytes), { status: 200, length: 42 })
  })
  it('fails on a connection that the server has closed, and does not wait for an answer', async () => {
    const server = createServer((socket) => socket.resume().end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const connection = await Connection.open((server.address() as AddressInfo).port)
    await assert.rejects(connection.post(Buffer.from('x')), { message: 'the server closed the connection' })
    await assert.rejects(connection.post(Buffer.from('x')), { message: 'the server closed the connection' })
    server.close()
  })
})
