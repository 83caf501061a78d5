import { billed, type Raw, withoutRunning, withValue } from './choices.ts'
import type { Plan } from './config/resolved.ts'
import type { Coefficients } from './sizing/coefficients.ts'
import type { Prices } from './sizing/prices.ts'

/** A part of the bill, and what it is for. */
export interface Cause {
  readonly what: string
  /** Cost a month. A cause may add nothing to the previous one. */
  readonly month: number
}

const WITHOUT_STATES = { 'load.stateDays': 1, 'runtime.SESSION_RETENTION_DAYS': 0, 'runtime.PROFILE_RETENTION_DAYS': 0 }

/** What each cause is without, and with. */
const STEPS: readonly { readonly what: string; readonly without: (plan: Plan) => Readonly<Record<string, unknown>> }[] =
  [
    { what: 'the least that the environment starts with', without: () => ({ 'load.peakEventsPerSecond': 1 }) },
    { what: 'the peak, and the newest days', without: (plan) => ({ 'load.retentionDays': newestDays(plan) }) },
    { what: 'older events', without: () => WITHOUT_STATES },
    { what: 'sessions and profiles', without: () => ({ 'load.surviveNode': false, 'load.surviveZone': false }) },
    { what: 'room for the loss of a node or zone', without: () => ({}) },
  ]

/** As many as are searched often, and as a window for late events lets be. */
function newestDays({ load, runtime }: Plan): number {
  return Math.min(load.retentionDays, Math.max(load.hotDays, Math.floor(runtime.eventIdWindowHours / 24) + 1))
}

/**
 * The causes of the bill of a new stack: each is the addition to the previous ones.
 *
 * @param raw the configuration of the stack.
 */
export function causesOf(raw: Raw, prices: Prices, coefficients?: Coefficients): readonly Cause[] {
  const fresh = withoutRunning(raw)
  const whole = billed(fresh, prices, coefficients)
  if (whole === undefined || whole.plan.load.peakEventsPerSecond === 0) return []
  let before = 0
  return STEPS.map(({ what }, at) => {
    const changes = STEPS.slice(at).flatMap(({ without }) => Object.entries(without(whole.plan)))
    const config = changes.reduce<Raw>((all, [key, value]) => withValue(all, key, value), fresh)
    const month = billed(config, prices, coefficients)?.month ?? before
    const cause = { what, month: month - before }
    before = month
    return cause
  })
}
