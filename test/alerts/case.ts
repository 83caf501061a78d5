import type { MonitoredStack } from '../../infra/observability/monitored-stack.ts'

/** Samples by their series, one a minute, in the notation of promtool: `0+60x20` is a counter that grows by one a second. */
export type Samples = Readonly<Record<string, string>>

/** One alert as it is reported: what it says, and the labels that it has from what it found. */
export interface Told {
  readonly says: string
  readonly labels?: Readonly<Record<string, string>>
}

/** What a rule says of some samples, some minutes after the first. */
export interface Situation {
  readonly given: Samples
  readonly afterMinutes: number
  /** What is another than in the stack of `stack.ts`. */
  readonly stack?: Partial<MonitoredStack>
}

/** A situation in which an alert is reported, and the nearest one in which it must not be. */
export interface AlertCase {
  /** `afterMinutes` is the minute in which it is reported first. */
  readonly fires: Situation & { readonly told: readonly Told[] }
  readonly silent: Situation & { readonly because: string }
}
