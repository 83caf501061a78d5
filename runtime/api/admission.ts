import { type Readable, Transform } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Budget, Hold } from './budget.ts'
import { tooManyWaiting } from './refused.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the call takes of the memory for calls; `undefined` for a preflight, which takes nothing. */
    hold: Hold | undefined
  }
}

/** What a call takes in memory besides its body. */
const CALL_BYTES = 4 * 1024
/** A body that announces no more counts at once; of a larger one, what has arrived. A promise alone cannot fill the budget. */
const COUNTED_AT_ONCE_BYTES = 64 * 1024

/** Bounds what calls take in memory, from their head until their answer is made, whether or not the client is still there. */
export function admit(server: FastifyInstance, budget: Budget): void {
  server.decorateRequest('hold', undefined)
  server.addHook('onRequest', async (request) => {
    const hold = budget.hold()
    const announced = Number(request.headers['content-length'] ?? 0)
    if (!hold.atLeast(CALL_BYTES + Math.min(announced, COUNTED_AT_ONCE_BYTES))) throw tooManyWaiting()
    request.hold = hold
  })
  server.addHook('preParsing', async (request, _reply, payload) => {
    const announced = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    const { hold } = request
    return hold === undefined || announced <= COUNTED_AT_ONCE_BYTES ? payload : counted(payload as Readable, hold)
  })
  server.addHook('onSend', async (request) => request.hold?.release())
}

/** @throws Refused 429 when so much does not fit. */
export function holdAtLeast(hold: Hold | undefined, bytes: number): void {
  if (hold && !hold.atLeast(bytes)) throw tooManyWaiting()
}

function counted(payload: Readable, hold: Hold): Readable {
  let arrivedBytes = 0
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      arrivedBytes += chunk.length
      done(hold.atLeast(CALL_BYTES + arrivedBytes) ? null : tooManyWaiting(), chunk)
    },
  })
  payload.once('error', (error) => counter.destroy(error))
  // Fastify no longer listens once it has refused the body.
  counter.on('error', () => undefined)
  return payload.pipe(counter)
}
