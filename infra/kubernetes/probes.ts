import type { Probe } from './pod.ts'

type Check = Pick<Probe, 'httpGet' | 'tcpSocket' | 'exec'>

export interface Probes {
  readonly startup: Probe
  readonly readiness: Probe
  readonly liveness: Probe
}

export const httpCheck = (port: number, path: string): Check => ({ httpGet: { port, path } })
export const tcpCheck = (port: number): Check => ({ tcpSocket: { port } })
export const execCheck = (...command: string[]): Check => ({ exec: { command } })

/** Maximum time until a hanging program is killed, in seconds: the failures of the liveness probe times their interval. */
const LIVENESS = { periodSeconds: 15, failureThreshold: 6 }

/**
 * The three probes of a container. A start may take `startSeconds`; after it a program that does not answer gets no more
 * traffic within 15 s, and is killed after 90 s.
 */
export function probes({
  startSeconds,
  ready,
  alive,
}: {
  readonly startSeconds: number
  readonly ready: Check
  readonly alive: Check
}): Probes {
  const periodSeconds = 5
  return {
    startup: { ...alive, periodSeconds, timeoutSeconds: 5, failureThreshold: Math.ceil(startSeconds / periodSeconds) },
    readiness: { ...ready, periodSeconds, timeoutSeconds: 5, failureThreshold: 3 },
    liveness: { ...alive, ...LIVENESS, timeoutSeconds: 10 },
  }
}
