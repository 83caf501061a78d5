import { type Call, type CallEvent, generateEvent } from '../send/generate.ts'
import { type Curve, type Phase, phaseAt, rateAt } from './curve.ts'
import { eventId, MAX_EVENTS, type RunKey } from './event-id.ts'
import { callEvents, eventSize, MEAN_CALL_EVENTS, zipf } from './mix.ts'
import type { Random } from './random.ts'

export interface LoadPlan {
  readonly run: RunKey
  readonly source: string
  readonly curve: Curve
  readonly profiles: number
  /** Events of each call, 1 to 100; 0 for calls of many sizes. */
  readonly eventsPerCall: number
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
  { run, source, curve, profiles, eventsPerCall }: LoadPlan,
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
        events: seeds.map((seed, index) => loadTestEvent(run, firstNumber + index, nowMs, seed)),
      }),
    }
    number += events
  }
}

/** @param seed 0 to 1, from which size and text follow. */
function loadTestEvent(run: RunKey, number: number, nowMs: number, seed: number): CallEvent {
  const event = generateEvent(number, eventId(run, number, nowMs), new Date(nowMs).toISOString())
  const marks = { loadTest: run, number }
  const size = eventSize(() => seed)
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
