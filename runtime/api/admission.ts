import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Budget, Hold } from './budget.ts'
import { clientOf } from './client-address.ts'
import { Refused, tooManyWaiting } from './refused.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the limits count as the client: its IPv4 address, or the /64 of its IPv6 address. */
    client: string
    /** What the call takes of the memory for calls; `undefined` when it was refused immediately. */
    hold: Hold | undefined
  }
}

/** What a call takes in memory besides its body. */
const CALL_BYTES = 4 * 1024
/** What a piece of a body takes besides its bytes: a body may arrive in pieces of one byte. */
const PIECE_BYTES = 200

export interface Admission {
  readonly budget: Budget
  /** Maximum number of open calls of one address; 0: no limit. */
  readonly maxCallsPerAddress: number
  /** Called when the client of a call left before its whole body had arrived. */
  readonly onAborted: (request: FastifyRequest) => void
}

/**
 * Bounds what calls take in memory, from their head until their answer is made, whether or not the client is still there.
 * A body counts as it arrives: one that is only promised takes nothing.
 */
export function admit(server: FastifyInstance, { budget, maxCallsPerAddress, onAborted }: Admission): void {
  const open = new OpenCalls(maxCallsPerAddress)
  server.decorateRequest('client', '')
  server.decorateRequest('hold', undefined)
  server.addHook('onRequest', async (request) => {
    const address = clientOf(request.ip)
    request.client = address
    if (!open.enter(address)) throw tooManyOpen(maxCallsPerAddress)
    const hold = budget.hold(address)
    if (!hold.resize(CALL_BYTES)) {
      hold.release()
      open.leave(address)
      throw tooManyWaiting()
    }
    request.hold = hold
  })
  server.addHook('preParsing', (request, reply, payload, done) => {
    let arrivedBytes = 0
    const count = (piece: Buffer): void => {
      arrivedBytes += piece.length + PIECE_BYTES
      if (request.hold?.resize(CALL_BYTES + arrivedBytes) !== false) return
      payload.removeListener('data', count)
      payload.emit('error', tooManyWaiting())
    }
    // Fastify listens before the first piece is read, because `done` calls it immediately.
    payload.on('data', count)
    // Fastify no longer listens once it has refused the body.
    payload.on('error', () => {
      if (request.raw.destroyed && !reply.sent) onAborted(request)
    })
    done(null, payload)
  })
  server.addHook('onSend', async (request) => {
    if (!request.hold) return
    request.hold.release()
    open.leave(request.client)
    request.hold = undefined
  })
}

/** @throws Refused 429 when this many bytes do not fit. */
export function holdBytes(hold: Hold | undefined, bytes: number): void {
  if (hold && !hold.resize(CALL_BYTES + bytes)) throw tooManyWaiting()
}

/** The calls that are open, by the address of the client. */
class OpenCalls {
  readonly #maximum: number
  readonly #calls = new Map<string, number>()

  constructor(maximum: number) {
    this.#maximum = maximum
  }

  enter(address: string): boolean {
    const calls = this.#calls.get(address) ?? 0
    if (this.#maximum > 0 && calls >= this.#maximum) return false
    this.#calls.set(address, calls + 1)
    return true
  }

  leave(address: string): void {
    const calls = this.#calls.get(address) ?? 0
    if (calls > 1) this.#calls.set(address, calls - 1)
    else this.#calls.delete(address)
  }
}

function tooManyOpen(maximum: number): Refused {
  return new Refused(429, `Your address has ${maximum} calls open, which is the maximum; wait for their answers`, 1)
}
