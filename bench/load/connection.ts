import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = '\r\n\r\n'

/** A whole request as bytes, made before the measurement so that the generator takes little of the machine. */
export function trackRequest(body: string): Buffer {
  const head = `POST /track HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  return Buffer.from(`${head}${HEAD_END}${body}`)
}

/** The length of the first answer in the bytes and its status; `undefined` while it is not complete. */
export function parseAnswer(bytes: Buffer): { readonly status: number; readonly length: number } | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const content = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  const length = headEnd + HEAD_END.length + content
  return bytes.length < length ? undefined : { status: Number(head.slice(9, 12)), length }
}

/** One connection that is kept, with one request under way at a time, as a browser or back end has it. */
export class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #answered: ((status: number) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Resolves with the status of the answer; rejects when the server has closed the connection. */
  post(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(new Error('the server closed the connection'))
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const answer = parseAnswer(this.#received)
    if (!answer) return
    this.#received = this.#received.subarray(answer.length)
    this.#answered?.(answer.status)
  }
}
