import type { Coefficients } from './coefficients.ts'
import type { Demand } from './demand.ts'
import type { Stated } from './derived.ts'
import type { Load, Shape } from './load.ts'

/** What each part is sized from. */
export interface Question {
  readonly load: Load
  readonly shape: Shape
  readonly c: Coefficients
  readonly demand: Demand
  /** What the stack states: a number that follows from another one follows from the stated one. */
  readonly stated: Stated
}
