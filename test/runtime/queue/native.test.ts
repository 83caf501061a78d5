import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { nativeTransport, type PulsarModule } from '../../../runtime/queue/native.ts'
import type { Consumer } from '../../../runtime/queue/port.ts'

/** What a test needs of the native client; the real one is held to the contract suite. */
class FakeClient {
  static receives: { resolve(message: unknown): void; reject(error: Error): void }[] = []
  static setLogHandler(): void {}

  async subscribe() {
    const receive = () => new Promise((resolve, reject) => FakeClient.receives.push({ resolve, reject }))
    return { receive, isConnected: () => true, close: async () => undefined }
  }
}

const message = {
  getMessageId: () => ({ toString: () => '(1,2,3)' }),
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

  it('tells a failure once, and then receives again', async () => {
    const receiving = consumer.receive()
    FakeClient.receives[0]?.reject(new Error('AlreadyClosed'))
    await assert.rejects(receiving, { code: 'queue_unavailable' })
    const next = consumer.receive()
    FakeClient.receives[1]?.resolve(message)
    assert.equal((await next).length, 1)
  })
})
