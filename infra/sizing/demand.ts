import type { Coefficients } from './coefficients.ts'
import type { Load, Shape } from './load.ts'

const DAY_SECONDS = 86_400

/** Days of the longest period of each partitioning. */
const PERIOD_DAYS = { day: 1, month: 31, quarter: 92, year: 366 } as const

/** What the load asks of the parts of the pipeline. */
export interface Demand {
  readonly callsPerSecond: number
  /** A message for each call, or several where it carries more than MESSAGE_MAX_EVENTS. */
  readonly messagesPerSecond: number
  /** Reference events that one event counts as, at least 1. */
  readonly weight: number
  /** Documents a second that are written once for each copy: weighed events, sessions and profiles. */
  readonly documentsPerSecond: number
  readonly queuedBytesPerSecond: number
  /** Bytes of one copy of what is stored in a day. */
  readonly storedBytesPerDay: number
  readonly periodDays: number
  /** Days for which events are on disk: an index goes when all of its period is past the retention. */
  readonly keptDays: number
  /** Number of event indices that exist at the same time. */
  readonly indices: number
}

/** Derives it. Calls are not taken to be joined into messages: that is so only when they arrive in the same moment. */
export function demandOf(load: Load, shape: Shape, c: Coefficients): Demand {
  const callsPerSecond = load.peakEventsPerSecond / load.eventsPerCall
  const weight = Math.max(1, load.eventBytes / c.referenceEventBytes)
  const states = callsPerSecond * c.statesPerCall
  const writtenBytes = load.eventBytes + c.overheadBytesPerEvent
  const periodDays = PERIOD_DAYS[shape.eventPartitioning]
  const meanPerSecond = load.peakEventsPerSecond * load.meanToPeak
  return {
    callsPerSecond,
    messagesPerSecond: callsPerSecond * Math.ceil(load.eventsPerCall / shape.messageMaxEvents),
    weight,
    documentsPerSecond: load.peakEventsPerSecond * weight + states,
    queuedBytesPerSecond: load.peakEventsPerSecond * writtenBytes + states * c.stateBytes,
    storedBytesPerDay: meanPerSecond * DAY_SECONDS * writtenBytes * c.storedBytesPerEventByte,
    periodDays,
    keptDays: load.retentionDays + periodDays,
    indices: Math.ceil(load.retentionDays / periodDays) + 1,
  }
}
