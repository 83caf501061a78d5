import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import type { Consumer, Producer, Reader, ReaderOptions, ReadMessage, Transport } from '../../../runtime/queue/port.ts'
import type { Position } from '../../../runtime/queue/position.ts'
import { superviseConsumer, superviseProducer, superviseReader } from '../../../runtime/queue/supervised.ts'
import { readingOf } from '../../support/fake-reader.ts'
import { recordingLog, silentLog } from '../../support/log.ts'
import { deliveryOf } from '../../support/messages.ts'
import { eventually, until } from '../../support/until.ts'

const message = { payload: Buffer.from('x\n'), properties: {} }
const unavailable = () => new AppError('queue_unavailable', 'no receipt within 3000 ms')
const codeOf = (error: unknown) => (error instanceof AppError ? error.code : error)

/** A transport whose producer and consumer a test holds in its hand. */
class HeldTransport implements Transport {
  readonly name = 'websocket'
  opened = 0
  closed = 0
  connected = true
  openFault: Error | undefined
  readonly readFrom: Position[] = []
  readings: ReadMessage[] = []
  sends: { resolve(): void; reject(error: Error): void }[] = []
  lose: (reason: string) => void = () => undefined

  async openProducer(_options: unknown, onClosed: (reason: string) => void): Promise<Producer> {
    this.#open(onClosed)
    return {
      send: () => new Promise((resolve, reject) => this.sends.push({ resolve, reject })),
      isConnected: () => this.connected,
      close: async () => {
        this.closed += 1
      },
    }
  }

  async openConsumer(_options: unknown, onClosed: (reason: string) => void): Promise<Consumer> {
    this.#open(onClosed)
    return {
      receive: async () => [deliveryOf('m1', ['a'])],
      acknowledge: async () => undefined,
      negativeAcknowledge: () => undefined,
      isConnected: () => this.connected,
      close: async () => {
        this.closed += 1
      },
    }
  }

  async openReader(options: ReaderOptions, onClosed: (reason: string) => void): Promise<Reader> {
    this.#open(onClosed)
    this.readFrom.push(options.after)
    return {
      receive: async () => this.readings.splice(0),
      isConnected: () => this.connected,
      close: async () => {
        this.closed += 1
      },
    }
  }

  #open(onClosed: (reason: string) => void): void {
    if (this.openFault) throw this.openFault
    this.opened += 1
    this.lose = onClosed
  }

  async close(): Promise<void> {}
}

describe('superviseProducer', () => {
  const options = { topic: 't', sendTimeoutMs: 3000 }
  let transport: HeldTransport
  let producer: ReturnType<typeof superviseProducer>

  beforeEach(async () => {
    transport = new HeldTransport()
    producer = superviseProducer(transport, options, silentLog)
    await until('the connection', () => producer.isConnected())
  })
  afterEach(() => producer.close())

  it('passes messages on and resolves on their receipts', async () => {
    const sent = producer.send(message)
    await until('the send', () => transport.sends.length === 1)
    transport.sends[0]?.resolve()
    await sent
  })

  it('fails immediately while it is not connected, with the reason', async () => {
    transport.connected = false
    await assert.rejects(producer.send(message), (error) => codeOf(error) === 'queue_unavailable')
    assert.equal(transport.sends.length, 0)
    assert.equal(producer.isConnected(), false)
    assert.equal(producer.unavailableReason(), 'the connection is lost and is being opened again')
  })

  it('lets one message at a time try after a receipt that did not come, and all of them after one that did', async () => {
    const first = producer.send(message)
    await until('the send', () => transport.sends.length === 1)
    transport.sends[0]?.reject(unavailable())
    await assert.rejects(first)
    assert.equal(producer.isConnected(), false)
    assert.equal(producer.unavailableReason(), 'the last message had no receipt: no receipt within 3000 ms')

    const probe = producer.send(message)
    await until('the probe', () => transport.sends.length === 2)
    await assert.rejects(producer.send(message), (error) => codeOf(error) === 'queue_unavailable')
    transport.sends[1]?.resolve()
    await probe
    assert.ok(producer.isConnected())
    assert.equal(producer.unavailableReason(), undefined)
    const [a, b] = [producer.send(message), producer.send(message)]
    await until('both', () => transport.sends.length === 4)
    for (const send of transport.sends.slice(2)) send.resolve()
    await Promise.all([a, b])
  })

  it('lets the next one try when the one that tried failed', async () => {
    for (const number of [0, 1, 2]) {
      const sent = producer.send(message)
      await until('the send', () => transport.sends.length === number + 1)
      transport.sends[number]?.reject(unavailable())
      await assert.rejects(sent)
    }
  })

  it('does not doubt the connection when the broker refuses one message', async () => {
    const sent = producer.send(message)
    await until('the send', () => transport.sends.length === 1)
    transport.sends[0]?.reject(new AppError('queue_refused', 'too large'))
    await assert.rejects(sent, (error) => codeOf(error) === 'queue_refused')
    assert.ok(producer.isConnected())
  })

  it('opens again when the connection was lost', async () => {
    transport.lose('broker went away')
    await until('the loss', () => !producer.isConnected())
    await assert.rejects(producer.send(message), { message: 'Pulsar is not connected: broker went away' })
    await eventually(() => producer.isConnected())
    assert.equal(transport.opened, 2)
  })

  it('closes what it opened', async () => {
    await producer.close()
    assert.equal(transport.closed, 1)
    assert.equal(producer.isConnected(), false)
  })
})

describe('superviseConsumer', () => {
  const options = { topic: 't', subscription: 's', prefetchMessages: 10 }

  it('receives nothing, and does not fail, while Pulsar cannot be reached; it says so once', async () => {
    const transport = new HeldTransport()
    transport.openFault = new AppError('set_up_missing', 'the topic t does not exist: run set-up')
    const { log, lines } = recordingLog()
    const consumer = superviseConsumer(transport, options, log)
    assert.deepEqual(await consumer.receive(), [])
    assert.deepEqual(await consumer.receive(), [])
    assert.equal(consumer.isConnected(), false)
    assert.equal(consumer.unavailableReason(), 'the topic t does not exist: run set-up')
    await consumer.acknowledge('m1')
    consumer.negativeAcknowledge('m1')
    const said = lines.filter((line) => line['msg'] === 'Pulsar cannot be reached')
    assert.deepEqual(
      said.map((line) => (line['err'] as { message: string }).message),
      ['the topic t does not exist: run set-up'],
    )
    await consumer.close()
  })

  it('receives, acknowledges and releases once it is connected', async () => {
    const transport = new HeldTransport()
    const consumer = superviseConsumer(transport, options, silentLog)
    await until('the connection', () => consumer.isConnected())
    assert.deepEqual(
      (await consumer.receive()).map(({ id }) => id),
      ['m1'],
    )
    await consumer.acknowledge('m1')
    consumer.negativeAcknowledge('m1')
    await consumer.close()
    assert.equal(transport.closed, 1)
  })
})

describe('superviseReader', () => {
  const at = (entry: number) => ({ ledger: 1, entry })
  const options = { partition: 'p', after: at(-1), prefetchMessages: 1 }
  let transport: HeldTransport
  let reader: ReturnType<typeof superviseReader>

  beforeEach(async () => {
    transport = new HeldTransport()
    reader = superviseReader(transport, options, silentLog)
    await until('it is open', () => reader.isConnected())
  })
  afterEach(() => reader.close())

  const entriesOf = (readings: readonly ReadMessage[]) => readings.map(({ position }) => position.entry)

  it('continues behind the last message it gave when its connection was lost, and gives none twice', async () => {
    transport.readings = [readingOf(at(0)), readingOf(at(1))]
    assert.deepEqual(entriesOf(await reader.receive()), [0, 1])
    transport.lose('broker restarts')
    await eventually(() => transport.opened === 2)
    transport.readings = [readingOf(at(1)), readingOf(at(2))]
    assert.deepEqual(entriesOf(await reader.receive()), [2])
    assert.deepEqual(transport.readFrom, [at(-1), at(1)])
  })

  it('reads an entry again of which not all messages were given', async () => {
    transport.readings = [readingOf(at(0)), readingOf({ ...at(1), isInsideEntry: true })]
    assert.deepEqual(entriesOf(await reader.receive()), [0, 1])
    transport.lose('broker restarts')
    await eventually(() => transport.opened === 2)
    assert.deepEqual(transport.readFrom, [at(-1), at(0)])
  })

  it('answers nothing while Pulsar is down, and reports why', async () => {
    transport.openFault = new Error('refused')
    transport.lose('broker restarts')
    await eventually(() => reader.unavailableReason() === 'refused')
    assert.deepEqual(await reader.receive(), [])
  })

  it('closes', async () => {
    await reader.close()
    assert.equal(transport.closed, 1)
  })
})
