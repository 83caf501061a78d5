import type { Tier } from '../../kubernetes/tiers.ts'

/** Units of Grafana, by its own ids. */
export type Unit = 'short' | 'cps' | 'reqps' | 's' | 'ms' | 'bytes' | 'percentunit'

export interface Query {
  readonly expr: string
  /** Name of a line, as a template of Grafana: `{{pod}}`. */
  readonly legend: string
}

/** A graph over time. */
export interface Panel {
  readonly title: string
  /** What a reader learns from it, and when to worry. */
  readonly description: string
  readonly unit: Unit
  /** Where the axis begins. @default 0 */
  readonly least?: number
  readonly queries: readonly Query[]
}

export interface Row {
  readonly title: string
  /** Whose metrics it shows: a stack that does not have all of them has no such row. */
  readonly reads: readonly Tier[]
  readonly panels: readonly Panel[]
}

/** The window of a rate: Grafana takes four scrapes or one step of the graph, whichever is longer. */
export const WINDOW = '$__rate_interval'

/** Two quantiles of a histogram. `selected` is what follows the name of the metric. */
export function quantiles(metric: string, selected: string): readonly Query[] {
  return [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket${selected}[${WINDOW}])))`,
    legend: `p${quantile * 100}`,
  }))
}
