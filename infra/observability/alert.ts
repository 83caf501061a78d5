import type { Tier } from '../kubernetes/tiers.ts'

/** `critical`: events are refused, wait without end, or may be lost with the next fault. `warning`: will be, if nobody acts. */
export type Severity = 'critical' | 'warning' | 'info'

/** An alert. Its name is that of its section in `docs/alerts.md`. */
export interface Alert {
  readonly name: `Tracardi${string}`
  readonly severity: Severity
  /** How long the condition must hold before the alert fires. */
  readonly forMinutes: number
  /** PromQL; each series that it finds is an alert. */
  readonly expr: string
  /** One line without numbers. */
  readonly summary: string
  /** What was found, with its number, as a template of Prometheus. */
  readonly description: string
}

/** Alerts that read the same servers. */
export interface AlertGroup {
  readonly name: string
  /** Whose metrics they read: a stack that does not have all of them has no such alerts. */
  readonly reads: readonly Tier[]
  readonly alerts: readonly Alert[]
}
