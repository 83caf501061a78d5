import type { Socket } from 'node:net'
import { Budget } from './budget.ts'

/** How long a client is listened to after its answer: in all, and without a byte. As nginx does (`lingering_time`, `lingering_timeout`). */
const TOTAL_MS = 30_000
const IDLE_MS = 5000
/** While the program stops, an answer has this long to arrive. */
const STOPPING_MS = 500
/** So much of what a client still sends is discarded. */
const MAX_BYTES = 64 * 1024 * 1024
/** Maximum number of lingering connections. One client gets at most four times what is left for all others. */
const MAX_CONNECTIONS = 1000

/**
 * Closes connections whose client still sends when its answer is written. After an immediate close, the system would answer
 * further data with a reset, which overtakes the answer: the client sees a broken connection and sends again.
 */
export class Lingering {
  readonly #slots = new Budget(MAX_CONNECTIONS)
  readonly #sockets = new Set<Socket>()
  #totalMs = TOTAL_MS

  get connections(): number {
    return this.#sockets.size
  }

  /**
   * Ends the connection after what was written, and discards what the client still sends until it ends its side, within
   * the limits. Answers false, and does nothing, while too many linger.
   */
  begin(socket: Socket, client: string): boolean {
    if (this.#sockets.has(socket)) return true
    const slot = this.#slots.hold(client)
    if (!slot.resize(1)) {
      slot.release()
      return false
    }
    this.#sockets.add(socket)
    const limit = setTimeout(() => socket.destroy(), this.#totalMs)
    socket.once('close', () => {
      clearTimeout(limit)
      slot.release()
      this.#sockets.delete(socket)
    })
    discard(socket)
    socket.end()
    return true
  }

  /** From now on connections linger for a moment only, those that do already too. */
  stop(): void {
    this.#totalMs = STOPPING_MS
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, STOPPING_MS).unref()
  }
}

function discard(socket: Socket): void {
  let bytes = 0
  const count = (piece: Buffer): void => {
    bytes += piece.length
    if (bytes > MAX_BYTES) socket.destroy()
  }
  // Node.js takes the connection from its parser when somebody else listens: what follows is no request any more.
  socket.on('data', count)
  for (const listener of socket.listeners('data')) {
    if (listener !== count) socket.off('data', listener as (piece: Buffer) => void)
  }
  socket.removeAllListeners('end')
  socket.on('end', () => socket.destroy())
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  socket.resume()
}
