import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Health } from '../health.ts'

export interface Departure {
  readonly server: FastifyInstance
  readonly health: Health
  /** Aborted when clients are to go elsewhere. */
  readonly leaving: AbortController
  /** SHUTDOWN_DELAY_SECONDS. */
  readonly delaySeconds: number
}

/** Ends the public listener: it says first that it is not ready, still takes calls for the delay, and then closes. */
export async function stopServing({ server, health, leaving, delaySeconds }: Departure): Promise<void> {
  health.stopping()
  leaving.abort()
  if (delaySeconds > 0) await sleep(delaySeconds * 1000)
  // The system resets connections that nobody has taken when the port closes. Those of this moment are taken in this turn.
  await turn()
  await server.close()
}
