import { connect, type Socket } from 'node:net'
import { AppError } from '../errors.ts'
import type { Address } from './zookeeper.ts'

const SESSION_MS = 10_000
const GET_CHILDREN = 8
const CLOSE = -11
const NO_NODE = -101

/** One session with ZooKeeper that only reads. The protocol: a length of four bytes, and numbers in network order. */
export class ZooKeeperReader {
  readonly #socket: Socket
  readonly #where: string
  #received = Buffer.alloc(0)
  #waiting: ((frame: Buffer | undefined) => void) | undefined
  #isClosed = false
  #xid = 0

  private constructor(socket: Socket, where: string) {
    this.#socket = socket
    this.#where = where
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#isClosed = true
      this.#waiting?.(undefined)
    })
  }

  /** @throws AppError `queue_unavailable` when no session is given. */
  static async open({ host, port }: Address): Promise<ZooKeeperReader> {
    const reader = new ZooKeeperReader(connect({ host, port, timeout: SESSION_MS }), `${host}:${port}`)
    const hello = Buffer.alloc(45)
    hello.writeInt32BE(SESSION_MS, 12)
    // No session before: its id and its password are zeros.
    hello.writeInt32BE(16, 24)
    await reader.#ask(hello)
    return reader
  }

  /**
   * Names of what is below a path; nothing where the path does not exist.
   *
   * @throws AppError `queue_unavailable` when ZooKeeper does not answer, or refuses.
   */
  async children(path: string): Promise<readonly string[]> {
    const name = Buffer.from(path)
    const body = Buffer.alloc(4 + 4 + 4 + name.length + 1)
    this.#xid += 1
    body.writeInt32BE(this.#xid, 0)
    body.writeInt32BE(GET_CHILDREN, 4)
    body.writeInt32BE(name.length, 8)
    name.copy(body, 12)
    const answer = await this.#ask(body)
    const fault = answer.readInt32BE(12)
    if (fault === NO_NODE) return []
    if (fault !== 0) throw this.#unavailable(`answered ${fault} for ${path}`)
    const names: string[] = []
    let at = 20
    for (let left = answer.readInt32BE(16); left > 0; left -= 1) {
      const length = answer.readInt32BE(at)
      names.push(answer.toString('utf8', at + 4, at + 4 + length))
      at += 4 + length
    }
    return names
  }

  /** Ends the session, so that ZooKeeper need not wait for it. */
  close(): void {
    const body = Buffer.alloc(8)
    body.writeInt32BE(CLOSE, 4)
    this.#socket.end(framed(body))
  }

  async #ask(body: Buffer): Promise<Buffer> {
    const frame = new Promise<Buffer | undefined>((resolve) => {
      this.#waiting = resolve
    })
    this.#socket.write(framed(body))
    const answer = this.#isClosed ? undefined : await frame
    if (answer === undefined) throw this.#unavailable('does not answer')
    return answer
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#received.length < 4) return
    const length = this.#received.readInt32BE(0)
    if (this.#received.length < 4 + length) return
    const frame = this.#received.subarray(4, 4 + length)
    this.#received = this.#received.subarray(4 + length)
    this.#waiting?.(frame)
  }

  #unavailable(what: string): AppError {
    return new AppError('queue_unavailable', `ZooKeeper at ${this.#where} ${what}`)
  }
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length, 0)
  return Buffer.concat([length, body])
}
