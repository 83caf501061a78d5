import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { nativeTransport, type PulsarModule } from '../../../runtime/queue/native.ts'
import type { Consumer, Reader } from '../../../runtime/queue/port.ts'
import { encodePosition } from '../../../runtime/queue/position.ts'

/** What a test needs of the native client; the real one is held to the contract suite. */
class FakeClient {
  static receives: { resolve(message: unknown): void; reject(error: Error): void }[] = []
  static setLogHandler(): void {}

  static closes = 0

  async subscribe() {
    return { receive: FakeClient.receive, isConnected: () => true, close: FakeClient.close }
  }

  async createReader() {
    return { readNext: FakeClient.receive, isConnected: () => true, close: FakeClient.close }
  }

  static receive = () => new Promise((resolve, reject) => FakeClient.receives.push({ resolve, reject }))

  static close = async () => {
    FakeClient.closes += 1
  }
}

const message = {
  getMessageId: () => ({ toString: () => '(1,2,3)', serialize: () => encodePosition({ ledger: 1, entry: 2 }) }),
  getData: () => Buffer.from('x'),
  getProperties: () => ({ v: '1' }),
  getPublishTimestamp: () => 5,
}

describe('a consumer of the native transport', () => {
  let consumer: Consumer

  beforeEach(async () => {
    FakeClient.receives = []
    const transport = nativeTransport(
      { Client: FakeClient } as unknown as PulsarModule,
      loadConfig({}),
      () => undefined,
    )
    const options = { topic: 't', subscription: 's', prefetchMessages: 1 }
    consumer = await transport.openConsumer(options, () => undefined)
  })

  it('has one receive under way however often it is asked in vain, and loses no answer to it', async () => {
    assert.deepEqual(await consumer.receive(), [])
    assert.deepEqual(await consumer.receive(), [])
    assert.equal(FakeClient.receives.length, 1)
    FakeClient.receives[0]?.resolve(message)
    await new Promise(setImmediate)
    const [delivery] = await consumer.receive()
    assert.equal(delivery?.id.toString(), '(1,2,3)')
    assert.equal(delivery?.publishedAtMs, 5)
  })

  it('answers as soon as a message arrives', async () => {
    const receiving = consumer.receive()
    FakeClient.receives[0]?.resolve(message)
    assert.equal((await receiving).length, 1)
  })

  it('reports a failure once, and then receives again', async () => {
    const receiving = consumer.receive()
    FakeClient.receives[0]?.reject(new Error('AlreadyClosed'))
    await assert.rejects(receiving, { code: 'queue_unavailable' })
    const next = consumer.receive()
    FakeClient.receives[1]?.resolve(message)
    assert.equal((await next).length, 1)
  })
})

describe('a reader of the native transport', () => {
  const startsAt: string[] = []
  let reader: Reader

  beforeEach(async () => {
    FakeClient.receives = []
    FakeClient.closes = 0
    const MessageId = { deserialize: (bytes: Buffer) => startsAt.push(bytes.toString('hex')) }
    const pulsar = { Client: FakeClient, MessageId } as unknown as PulsarModule
    const transport = nativeTransport(pulsar, loadConfig({}), () => undefined)
    const options = { partition: 'p', after: { ledger: 1, entry: 1 }, prefetchMessages: 1 }
    reader = await transport.openReader(options, () => undefined)
  })

  it('begins behind a position, and reports that of each message', async () => {
    assert.equal(startsAt.at(-1), '08011001')
    const receiving = reader.receive()
    FakeClient.receives[0]?.resolve(message)
    const [{ position, publishedAtMs, payload } = assert.fail('nothing was read')] = await receiving
    assert.deepEqual([position, publishedAtMs, payload.toString()], [{ ledger: 1, entry: 2 }, 5, 'x'])
    assert.equal(reader.isConnected(), true)
  })

  it('does not close while the client waits for a message, which the client does not survive', async () => {
    assert.deepEqual(await reader.receive(), [])
    await reader.close()
    assert.equal(FakeClient.closes, 0)
    FakeClient.receives[0]?.resolve(message)
    await reader.receive()
    await reader.close()
    assert.equal(FakeClient.closes, 1)
  })
})
