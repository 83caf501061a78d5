import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Unrouted } from '../listener.ts'
import { clientOf } from './client-address.ts'
import { Lingering } from './lingering.ts'

/** Above this part of the maximum each answer ends its connection, so that idle ones cannot take the rest. */
const CROWDED_PART = 0.75
/** While the program stops, a connection without a call may bring one for so long, and a call that has begun its rest. */
const STOPPING_MS = 500
const STOPPING_CALL_MS = 5000

export interface ConnectionOptions {
  readonly maximum: number
  /** The rest of a refused body up to this size is read, and the connection kept. */
  readonly maxBodyBytes: number
  readonly onUnrouted: (reason: Unrouted, address: string | undefined) => void
}

/** The connections of the public listener: how many there may be, and how each is closed. */
export class Connections {
  readonly maximum: number
  readonly #maxBodyBytes: number
  readonly #onUnrouted: (reason: Unrouted, address: string | undefined) => void
  readonly #open = new Set<Socket>()
  readonly #calls = new Map<Socket, IncomingMessage>()
  /** Those whose client may still send when its answer is written, and the request that it sends. */
  readonly #answeredEarly = new Map<Socket, IncomingMessage | undefined>()
  /** Those whose end was already reported. */
  readonly #told = new WeakSet<Socket>()
  readonly #lingering = new Lingering()
  #isStopping = false

  constructor({ maximum, maxBodyBytes, onUnrouted }: ConnectionOptions) {
    this.maximum = maximum
    this.#maxBodyBytes = maxBodyBytes
    this.#onUnrouted = onUnrouted
  }

  get open(): number {
    return this.#open.size
  }

  get lingering(): number {
    return this.#lingering.connections
  }

  /** Whether answers end their connections: while the program stops, and while there are many. */
  get areToEnd(): boolean {
    return this.#isStopping || this.#open.size > CROWDED_PART * this.maximum
  }

  /** From now on each answer ends its connection, so that clients go elsewhere before the listener closes. */
  leave(): void {
    this.#isStopping = true
  }

  /** Takes care of every connection of a server; call it before its first route is added. */
  watch(server: FastifyInstance): void {
    server.server.maxConnections = this.maximum
    server.server.on('drop', (dropped) => this.#onUnrouted('too_many_connections', dropped?.remoteAddress))
    server.server.on('connection', (socket: Socket) => this.#opened(socket))
    server.addHook('onRequest', async ({ raw }) => {
      this.#calls.set(raw.socket, raw)
      if (this.#answeredEarly.size > 0) this.#answeredEarly.delete(raw.socket)
    })
    server.addHook('onResponse', async ({ raw }) => {
      this.#calls.delete(raw.socket)
    })
    server.addHook('onSend', async ({ raw }, reply) => {
      if (this.areToEnd || this.#isLong(raw)) reply.header('connection', 'close')
      if (!raw.complete) this.#answeredEarly.set(raw.socket, raw)
    })
    server.addHook('preClose', async () => this.#stop())
  }

  /** An answer is written to a client that may still send, about a request that no route saw. */
  answeredOutsideRoutes(reason: Unrouted, socket: Socket): void {
    this.#told.add(socket)
    this.#onUnrouted(reason, socket.remoteAddress)
    this.#answeredEarly.set(socket, undefined)
  }

  /** The client left before its whole call had arrived. */
  aborted({ raw, ip }: FastifyRequest): void {
    if (!this.#told.has(raw.socket)) this.#onUnrouted('aborted', ip)
  }

  #opened(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#calls.delete(socket)
      this.#answeredEarly.delete(socket)
    })
    socket.destroySoon = () => {
      if (!this.#mayStillSend(socket) || !this.#lingering.begin(socket, clientOf(socket.remoteAddress ?? ''))) {
        Socket.prototype.destroySoon.call(socket)
      }
    }
  }

  #mayStillSend(socket: Socket): boolean {
    if (!this.#answeredEarly.has(socket) || socket.readableEnded || socket.destroyed) return false
    return this.#answeredEarly.get(socket)?.complete !== true
  }

  /** Whether more of a body may follow than is worth reading for the sake of the connection. */
  #isLong({ complete, headers }: IncomingMessage): boolean {
    if (complete) return false
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > this.#maxBodyBytes
  }

  /** Node.js would wait for what clients do not send, without any limit. */
  #stop(): void {
    this.leave()
    this.#lingering.stop()
    const end = (when: (socket: Socket) => boolean, afterMs: number): void => {
      const sweep = (): void => {
        for (const socket of this.#open) if (when(socket)) socket.destroy()
      }
      // After a turn, because a call may have arrived that was not looked at yet.
      setTimeout(() => setImmediate(sweep), afterMs).unref()
    }
    end((socket) => !this.#calls.has(socket), STOPPING_MS)
    end((socket) => this.#calls.get(socket)?.complete === false, STOPPING_CALL_MS)
  }
}
