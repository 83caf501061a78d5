import { type Call, type CallEvent, generateEvent } from '../send/generate.ts'
import { eventId, MAX_EVENTS, type RunKey } from './comparison.ts'

export interface LoadPlan {
  readonly run: RunKey
  readonly source: string
  readonly curve: Curve
  readonly profiles: number
  /** Events of each call, 1 to 100; 0 for calls of many sizes. */
  readonly eventsPerCall: number
  readonly eventSize: EventSize | 'mixed'
}

/** A call and when it is due, in milliseconds since the beginning, whether or not the ones before it are answered. */
export interface DueCall {
  readonly dueMs: number
  readonly phase: Phase
  /** Numbers of its events are from here on. */
  readonly firstNumber: number
  readonly events: number
  /** Makes the call; its ids have this time. */
  make(nowMs: number): Call
}

/** The calls of a load test in the order in which they are due. They come as visitors do, at random (a Poisson process). */
export function* dueCalls(
  { run, source, curve, profiles, eventsPerCall, eventSize }: LoadPlan,
  random: Random,
): Generator<DueCall> {
  const chooseProfile = zipf(profiles)
  let atSeconds = 0
  let number = 0
  for (;;) {
    const callsPerSecond = rateAt(curve, atSeconds) / (eventsPerCall || MEAN_CALL_EVENTS)
    atSeconds += -Math.log(1 - random()) / callsPerSecond
    const events = eventsPerCall || callEvents(random)
    if (atSeconds >= curve.seconds || number + events > MAX_EVENTS) return
    const firstNumber = number
    const visitor = chooseProfile(random)
    const seeds = Array.from({ length: events }, () => random())
    yield {
      dueMs: atSeconds * 1000,
      phase: phaseAt(curve, atSeconds),
      firstNumber,
      events,
      make: (nowMs) => ({
        source: { id: source },
        session: { id: `load-test-${run}-${visitor}` },
        profile: { id: `load-test-${run}-${visitor}` },
        events: seeds.map((seed, index) => {
          const size = eventSize === 'mixed' ? mixedSize(() => seed) : eventSize
          return loadTestEvent({ run, number: firstNumber + index, nowMs, seed, size })
        }),
      }),
    }
    number += events
  }
}

interface EventPlan {
  readonly run: RunKey
  readonly number: number
  readonly nowMs: number
  /** 0 to 1; the text follows from it. */
  readonly seed: number
  readonly size: EventSize
}

function loadTestEvent({ run, number, nowMs, seed, size }: EventPlan): CallEvent {
  const event = generateEvent(number, eventId(run, number, nowMs), new Date(nowMs).toISOString())
  const marks = { loadTest: run, number }
  if (size === 'small') {
    const { id, type, time } = event
    return { id, type, time, properties: { ...marks, page: event.properties['page'] } }
  }
  const notes = size === 'large' ? { notes: textsOf(seed) } : {}
  return { ...event, properties: { ...event.properties, ...marks, ...notes } }
}

const WORDS =
  'garden chair table lamp oak steel linen grey green blue small large folding round delivery review warranty order'.split(
    ' ',
  )
const TEXTS = 8
const WORDS_OF_TEXT = 30

/** Texts of words with numbers among them, so that they compress as texts of people do and not as one repeated. */
function textsOf(seed: number): readonly string[] {
  let at = Math.floor(seed * 2 ** 31)
  const next = (): number => {
    at = (Math.imul(at, 1_103_515_245) + 12_345) & 0x7fffffff
    return at >>> 8
  }
  const word = () => (next() % 4 === 0 ? String(next() % 100_000) : (WORDS[next() % WORDS.length] as string))
  return Array.from({ length: TEXTS }, () => Array.from({ length: WORDS_OF_TEXT }, word).join(' '))
}

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

interface Range {
  /** Part of all calls, over 0 to 1; all of them are 1. */
  readonly share: number
  readonly least: number
  readonly most: number
}

/** Events in one call: single clicks, pages that send what they gathered, and servers that send in bulks. */
const CALL_EVENTS: readonly Range[] = [
  { share: 0.4, least: 1, most: 1 },
  { share: 0.25, least: 2, most: 5 },
  { share: 0.2, least: 6, most: 20 },
  { share: 0.1, least: 21, most: 50 },
  { share: 0.05, least: 51, most: 100 },
]

/** Mean of the events in one call: 11.2. */
export const MEAN_CALL_EVENTS = CALL_EVENTS.reduce(
  (sum, { share, least, most }) => sum + (share * (least + most)) / 2,
  0,
)

/** Events of one call, 1 to 100. */
export function callEvents(random: Random): number {
  const { least, most } = ranged(CALL_EVENTS, random())
  return least + Math.floor(random() * (most - least + 1))
}

function ranged(ranges: readonly Range[], at: number): Range {
  let upTo = 0
  for (const range of ranges) {
    upTo += range.share
    if (at < upTo) return range
  }
  return ranges.at(-1) as Range
}

/** The data of an event: a click, a shop's page, or that and a text. */
export const EVENT_SIZES = ['small', 'usual', 'large'] as const

export type EventSize = (typeof EVENT_SIZES)[number]

/** About 200, 560 and 2,000 bytes of JSON; 590 on average. */
export function mixedSize(random: Random): EventSize {
  const at = random()
  if (at < 0.25) return 'small'
  return at < 0.9 ? 'usual' : 'large'
}

/**
 * Chooses profiles as visits are spread over visitors: the nth comes with a probability of 1/n of the first (Zipf's law).
 *
 * @param profiles how many there are, at least 1; they take 8 bytes each.
 * @returns a choice of one, counted from 0.
 */
export function zipf(profiles: number): (random: Random) => number {
  const upTo = new Float64Array(profiles)
  let sum = 0
  for (let rank = 0; rank < profiles; rank += 1) {
    sum += 1 / (rank + 1)
    upTo[rank] = sum
  }
  return (random) => {
    const at = random() * sum
    let low = 0
    let high = profiles - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((upTo[middle] as number) > at) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** A number from 0 up to but not including 1; the same ones in the same order for the same seed. */
export type Random = () => number

/**
 * Mulberry32 of Tommy Ettinger: enough for a load, which asks for a shape and not for secrecy.
 *
 * @param seed any whole number; its lower 32 bits count.
 */
export function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
