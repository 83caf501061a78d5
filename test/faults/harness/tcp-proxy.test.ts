import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { freePort } from '../../../runtime/local/ports.ts'
import { eventually } from '../../support/until.ts'
import { TcpProxy } from '../tcp-proxy.ts'

describe('a TCP connection through the proxy', () => {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
  let proxy: TcpProxy
  let client: Socket
  let received = ''

  beforeEach(async () => {
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const port = await freePort()
    proxy = await TcpProxy.listen(port, (echo.address() as AddressInfo).port)
    client = connect(port, '127.0.0.1')
    client.on('error', () => undefined)
    received = ''
    client.on('data', (chunk) => {
      received += chunk
    })
    await once(client, 'connect')
  })
  afterEach(async () => {
    client.destroy()
    await proxy.close()
    echo.close()
  })

  it('carries bytes both ways', async () => {
    client.write('hello')
    await eventually(() => received === 'hello')
  })

  it('is reset when it is cut', async () => {
    client.write('hello')
    await eventually(() => received === 'hello')
    const closed = new Promise((resolve) => client.on('close', resolve))
    proxy.cut()
    await closed
  })

  it('is left alone by a cut while the server has said nothing yet', async () => {
    proxy.cut()
    client.write('hello')
    await eventually(() => received === 'hello')
  })

  it('carries nothing while it is half-open, and all of it afterwards', async () => {
    client.write('a')
    await eventually(() => received === 'a')
    proxy.silence(true)
    client.write('b')
    // What another connection carries shows that time has passed, but it is as silent.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(received, 'a')
    proxy.silence(false)
    await eventually(() => received === 'ab')
  })

  it('carries everything in its order when it is slow', async () => {
    proxy.delay(10)
    client.write('a')
    await eventually(() => received === 'a')
    client.write('b')
    await eventually(() => received === 'ab')
  })

  it('carries everything in its order when the delay ends in between', async () => {
    proxy.delay(100)
    client.write('a')
    await eventually(() => client.bytesWritten === 1)
    // On its way, and not there yet.
    await new Promise((resolve) => setTimeout(resolve, 20))
    proxy.delay(0)
    client.write('b')
    await eventually(() => received.length === 2)
    assert.equal(received, 'ab')
  })

  it('carries what was sent before it ended, however late', async () => {
    proxy.delay(50)
    client.end('last words')
    await once(client, 'close')
    assert.equal(received, 'last words')
  })

  it('makes the sender wait for a slow reader, and carries everything in the end', async () => {
    proxy.slow(1_000_000)
    client.write(Buffer.alloc(400_000, 'a'))
    await eventually(() => received.length > 0)
    assert.ok(received.length < 400_000)
    proxy.slow(Number.POSITIVE_INFINITY)
    await eventually(() => received.length === 400_000)
  })
})
