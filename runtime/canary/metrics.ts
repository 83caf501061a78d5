import { Counter, Gauge, type Registry } from 'prom-client'

/** What fails: Elasticsearch does not accept the claim of a minute, the API does not answer 200, or a search does not find the event. */
export const STAGES = ['claim', 'call', 'store'] as const

export type Stage = (typeof STAGES)[number]

export type CanaryMetrics = ReturnType<typeof canaryMetrics>

/** @param wallMs milliseconds since the epoch. */
export function canaryMetrics(registry: Registry, wallMs: () => number) {
  const registers = [registry]
  const lastSuccess = new Gauge({
    name: 'tracardi_canary_last_success_timestamp_seconds',
    help: 'When a search last found an event of the canary that this API had sent; at first, when the API started',
    registers,
  })
  const seconds = new Gauge({
    name: 'tracardi_canary_seconds',
    help: 'Time from the call to the search that found it, for the last event of the canary',
    registers,
  })
  const failures = new Counter({
    name: 'tracardi_canary_failures_total',
    help: 'Events of the canary that failed, by stage: claim (Elasticsearch), call (no 200), store (not found in CANARY_WAIT_SECONDS)',
    labelNames: ['stage'],
    registers,
  })
  lastSuccess.set(wallMs() / 1000)
  for (const stage of STAGES) failures.inc({ stage }, 0)
  return {
    found: (tookSeconds: number) => {
      lastSuccess.set(wallMs() / 1000)
      seconds.set(tookSeconds)
    },
    failed: (stage: Stage) => failures.inc({ stage }),
  }
}
