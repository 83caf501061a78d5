import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Lane } from './lane.ts'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  readonly lanes: readonly Lane[]
  /** Whether the server has said anything yet. */
  answered: boolean
}

/** What may be on its way in one direction before its sender has to wait: about what the buffers of a socket take. */
const ON_THE_WAY_BYTES = 65_536

/**
 * Relays TCP connections, and does to them what networks do. What it does holds for connections that exist, and for those
 * that come. As in a network, bytes may come late or never, and never in another order.
 */
export class TcpProxy {
  readonly #pairs = new Set<Pair>()
  readonly #server: Server
  #delayMs = 0
  #bytesPerSecond = Number.POSITIVE_INFINITY
  #silent = false

  private constructor(target: number) {
    this.#server = createServer((client) => {
      this.#relay({ client, server: connect(target, '127.0.0.1'), lanes: [new Lane(), new Lane()], answered: false })
    })
  }

  /** @param target the port on this machine to which it leads. */
  static async listen(port: number, target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(port, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /**
   * Ends every connection immediately, in the middle of whatever it carries. One that was not answered yet is left alone: the
   * WebSocket API of Pulsar forgets a consumer whose connection is reset while it subscribes, and that consumer keeps what
   * it was given until the broker restarts (apache/pulsar#4098). `docs/guarantees.md` says so.
   */
  cut(): void {
    for (const { client, server, lanes, answered } of this.#pairs) {
      if (!answered) continue
      for (const lane of lanes) lane.drop()
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Every chunk arrives that much later. */
  delay(ms: number): void {
    this.#delayMs = ms
    if (ms === 0) this.#hurry()
  }

  /** Each connection carries at most that much each way, and its sender has to wait: a slow reader. Infinite ends it. */
  slow(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
    if (bytesPerSecond === Number.POSITIVE_INFINITY) this.#hurry()
  }

  /** Connections stay open and carry nothing, as when the other machine lost its power: half-open. */
  silence(on: boolean): void {
    this.#silent = on
    for (const pair of this.#pairs) this.#flow(pair)
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.destroy()
    await once(this.#server, 'close')
  }

  #hurry(): void {
    for (const { lanes } of this.#pairs) for (const lane of lanes) lane.hurry()
  }

  #relay(pair: Pair): void {
    const { client, server, lanes } = pair
    this.#pairs.add(pair)
    const directions = [
      [client, server, lanes[0] as Lane],
      [server, client, lanes[1] as Lane],
    ] as const
    for (const [from, to, lane] of directions) {
      from.setNoDelay(true)
      // Each side ends for itself, when what was under way to it has arrived.
      from.allowHalfOpen = true
      const goOn = () => {
        if (this.#mayCarry(to, lane)) from.resume()
      }
      from.on('data', (chunk) => {
        lane.carry(chunk.length, this.#delayMs, this.#bytesPerSecond, () => {
          if (to.writable) to.write(chunk)
          goOn()
        })
        if (!this.#mayCarry(to, lane)) from.pause()
      })
      to.on('drain', goOn)
      from.on('end', () => lane.carry(0, this.#delayMs, this.#bytesPerSecond, () => to.end()))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        if (to.destroyed) this.#pairs.delete(pair)
      })
    }
    server.once('data', () => {
      pair.answered = true
    })
    this.#flow(pair)
  }

  #mayCarry(to: Socket, lane: Lane): boolean {
    return !this.#silent && !to.writableNeedDrain && lane.waitingBytes <= ON_THE_WAY_BYTES
  }

  #flow({ client, server }: Pair): void {
    for (const socket of [client, server]) {
      if (this.#silent) socket.pause()
      else socket.resume()
    }
  }
}
