import type { Coefficients } from './coefficients.ts'
import { type Load, PERIOD_DAYS, type Shape } from './load.ts'

export const DAY_SECONDS = 86_400

/** What the load asks of the parts of the pipeline. */
export interface Demand {
  readonly callsPerSecond: number
  /** One message for each call, and one more for each MESSAGE_MAX_EVENTS events. */
  readonly messagesPerSecond: number
  /** Reference events that one event counts as for the API. */
  readonly apiWeight: number
  /** Documents a second at peak that are written once for each copy: events, sessions and profiles. */
  readonly documentsPerSecond: number
  /** What they cost a worker and a data node, in reference events a second. */
  readonly workerEventsPerSecond: number
  readonly dataNodeEventsPerSecond: number
  /** The rate at which workers and Elasticsearch must store, divided by the peak's, at least 1: a backlog is stored in addition to the mean load. */
  readonly storingFactor: number
  /** Of all documents at peak. */
  readonly writtenBytesPerSecond: number
  /** The same in messages, as they are compressed. */
  readonly queuedBytesPerSecond: number
  /** Mean bytes a second of events that go to the dead-letter topic. */
  readonly deadLetterBytesPerSecond: number
  /** Bytes of one copy of the events of a mean day. */
  readonly storedBytesPerDay: number
  readonly periodDays: number
  /** Days for which events are on disk: an index is deleted when all of its period is past the retention. */
  readonly keptDays: number
  /** Number of event indices that exist at the same time. */
  readonly indices: number
  /** New sessions and new profiles of a mean day. */
  readonly sessionsPerDay: number
  readonly profilesPerDay: number
  /** Days of new ones that are on disk. */
  readonly sessionDays: number
  readonly profileDays: number
  /** Bytes of one copy of the sessions, and of the profiles, at the end of these days. */
  readonly sessionBytes: number
  readonly profileBytes: number
}

/**
 * Derives it. Calls are not taken to be joined into messages: that is so only when they arrive in the same moment. The
 * last message of a call is not full, so a call makes one message more than its events fill.
 */
export function demandOf(load: Load, shape: Shape, c: Coefficients): Demand {
  const peak = load.peakEventsPerSecond
  const callsPerSecond = peak / load.eventsPerCall
  const states = callsPerSecond * c.statesPerCall
  const writtenBytes = load.eventBytes + c.overheadBytesPerEvent
  const periodDays = PERIOD_DAYS[shape.eventPartitioning]
  const meanPerSecond = peak * load.meanToPeak
  const sessionsPerDay = (meanPerSecond * DAY_SECONDS) / load.eventsPerSession
  const profilesPerDay = sessionsPerDay / load.sessionsPerProfile
  const weight = (baseBytes: number) => eventWeight(baseBytes, load.eventBytes, c.referenceEventBytes)
  const { sessionDays, profileDays } = keptStates(load, shape)
  const stateBytes = (c.stateBytes * c.storedBytesPerEventByte) / c.liveDocumentsRatio
  const writtenBytesPerSecond = peak * writtenBytes + states * c.stateBytes
  return {
    callsPerSecond,
    messagesPerSecond: callsPerSecond + peak / shape.messageMaxEvents,
    apiWeight: weight(c.apiEventBaseBytes),
    documentsPerSecond: peak + states,
    workerEventsPerSecond: peak * weight(c.workerEventBaseBytes) + callsPerSecond * c.workerEventsPerCall,
    dataNodeEventsPerSecond: peak * weight(c.dataNodeEventBaseBytes) + callsPerSecond * c.dataNodeEventsPerCall,
    storingFactor: storingFactor(load, c),
    writtenBytesPerSecond,
    queuedBytesPerSecond: writtenBytesPerSecond * queuedRatio(load, shape, c),
    // A dead letter is a message of its own.
    deadLetterBytesPerSecond: meanPerSecond * c.deadLetterRatio * writtenBytes * alone(c),
    storedBytesPerDay: meanPerSecond * DAY_SECONDS * writtenBytes * c.storedBytesPerEventByte,
    periodDays,
    keptDays: load.retentionDays + periodDays,
    indices: Math.ceil(load.retentionDays / periodDays) + 1,
    sessionsPerDay,
    profilesPerDay,
    sessionDays,
    profileDays,
    sessionBytes: sessionsPerDay * sessionDays * stateBytes,
    profileBytes: profilesPerDay * profileDays * stateBytes,
  }
}

/**
 * Reference events that one event counts as: part of what it costs is the same for each event, and the rest grows with its bytes.
 *
 * @param baseBytes bytes that cost as much as an event does without its bytes.
 */
export function eventWeight(baseBytes: number, eventBytes: number, referenceEventBytes: number): number {
  return (baseBytes + eventBytes) / (baseBytes + referenceEventBytes)
}

/**
 * Days of new sessions and profiles on disk: those that are planned for, or those after which they are deleted. A session ends
 * on the day on which it begins; a profile comes back for as long as it is kept afterwards.
 */
function keptStates({ stateDays }: Load, { sessionRetentionDays, profileRetentionDays }: Shape) {
  return {
    sessionDays: sessionRetentionDays > 0 ? sessionRetentionDays + 1 : stateDays,
    profileDays: profileRetentionDays > 0 ? 2 * profileRetentionDays : stateDays,
  }
}

const alone = (c: Coefficients) => Math.max(c.queuedBytesPerByte, c.queuedBytesPerByteAlone)

/** Bytes of a message as compressed for each byte of it: the more events repeat their names, the less. */
function queuedRatio({ eventsPerCall }: Load, { messageMaxEvents }: Shape, c: Coefficients): number {
  const events = Math.min(eventsPerCall, messageMaxEvents)
  return c.queuedBytesPerByte + (alone(c) - c.queuedBytesPerByte) / events
}

/** Catching up may use the margin for bursts. */
function storingFactor({ meanToPeak, backlogHours, catchUpHours }: Load, c: Coefficients): number {
  if (catchUpHours === 0) return 1
  return Math.max(1, (meanToPeak + backlogHours / catchUpHours) * (c.targetUtilisation / c.lossUtilisation))
}

/**
 * Hours until a full backlog is stored in addition to the mean load. The servers store the rate of the peak at `targetUtilisation`,
 * and may be used up to `lossUtilisation`. Infinity if the mean load leaves no capacity.
 *
 * @param factor the rate that it is sized for, as a part of the peak's.
 */
export function hoursToCatchUp({ meanToPeak, backlogHours }: Load, c: Coefficients, factor: number): number {
  const spare = (factor * c.lossUtilisation) / c.targetUtilisation - meanToPeak
  return spare > 0 ? backlogHours / spare : Number.POSITIVE_INFINITY
}
