import type { Part } from '../runtime/api/packer.ts'
import type { Config } from '../runtime/config.ts'
import { topicsOf } from '../runtime/names.ts'
import { encode } from '../runtime/queue/message.ts'
import { loadPulsarModule, nativeTransport } from '../runtime/queue/native.ts'
import type { Producer, Transport } from '../runtime/queue/port.ts'
import { webSocketTransport } from '../runtime/queue/websocket.ts'

const SEND_TIMEOUT_MS = 30_000
/** Maximum number of messages in flight to the broker. */
const IN_FLIGHT = 32

/** The fastest transport that this machine has: the native client where it loads. */
export function fastestTransport(): Promise<Transport['name']> {
  return loadPulsarModule().then(
    () => 'native',
    () => 'websocket',
  )
}

/** Opens the topic of the events for filling, by the fastest transport there is. */
export class Filler {
  readonly #transport: Transport
  readonly #producer: Producer

  private constructor(transport: Transport, producer: Producer) {
    this.#transport = transport
    this.#producer = producer
  }

  static async open(config: Config): Promise<Filler> {
    const transport =
      (await fastestTransport()) === 'native'
        ? nativeTransport(await loadPulsarModule(), config, () => undefined)
        : webSocketTransport(config)
    const options = { topic: topicsOf(config).events, sendTimeoutMs: SEND_TIMEOUT_MS }
    return new Filler(transport, await transport.openProducer(options, () => undefined))
  }

  /** Publishes each part as the message that the API makes of it; resolves when all are on the disk of the broker. */
  async fill(parts: Iterable<Part>): Promise<void> {
    const waiting = parts[Symbol.iterator]()
    const lane = async (): Promise<void> => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) await this.#producer.send(encode(next.value))
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  }

  async close(): Promise<void> {
    await this.#producer.close()
    await this.#transport.close()
  }
}
