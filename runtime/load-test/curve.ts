/** The rate of arrivals over a load test: it rises to the rate that was asked for, stays there, and has bursts. */
export interface Curve {
  /** Of the plateau. */
  readonly eventsPerSecond: number
  readonly seconds: number
}

/** Like a deployment or a morning: the load arrives within minutes, not immediately. */
const RAMP_SHARE = 0.1
const MAX_RAMP_SECONDS = 60
const FIRST_RATE_SHARE = 0.1

/** A mailing, a push message: five seconds of half as much again, once a minute. */
const BURST = { everySeconds: 60, seconds: 5, factor: 1.5, firstAfterSeconds: 20 }

export type Phase = 'ramp' | 'plateau' | 'burst'

/** How long the rate rises: a tenth of the time, a minute at most. */
export function rampSeconds({ seconds }: Curve): number {
  return Math.min(MAX_RAMP_SECONDS, seconds * RAMP_SHARE)
}

/** @param atSeconds since the beginning, below `seconds` of the curve. */
export function phaseAt(curve: Curve, atSeconds: number): Phase {
  const onPlateau = atSeconds - rampSeconds(curve)
  if (onPlateau < 0) return 'ramp'
  const inCycle = (onPlateau - BURST.firstAfterSeconds) % BURST.everySeconds
  return inCycle >= 0 && inCycle < BURST.seconds ? 'burst' : 'plateau'
}

/** Events a second that are due at a moment. */
export function rateAt(curve: Curve, atSeconds: number): number {
  const phase = phaseAt(curve, atSeconds)
  if (phase === 'burst') return curve.eventsPerSecond * BURST.factor
  if (phase === 'plateau') return curve.eventsPerSecond
  const risen = atSeconds / rampSeconds(curve)
  return curve.eventsPerSecond * (FIRST_RATE_SHARE + (1 - FIRST_RATE_SHARE) * risen)
}
