import { type Metrics, sumOf } from './metrics.ts'

/** What became of events, as API and workers count them. Each event of an answered call is in exactly one of the others in the end. */
export interface EventCounts {
  /** Events of calls that got a 200. */
  readonly in: number
  readonly stored: number
  /** Arrived again with the same content. */
  readonly duplicates: number
  /** Arrived with the id of another event of their source. */
  readonly conflicts: number
  readonly deadLetters: number
  /** Of a profile that is erased. */
  readonly erased: number
  /** Their calls asked not to store them. */
  readonly notStored: number
}

export interface SourceCounts extends Omit<EventCounts, 'stored'> {
  readonly source: string
  /** All others of the source: workers do not count by source what they store. */
  readonly storedOrWaiting: number
}

/** in + before = stored + duplicates + conflicts + deadLetters + erased + notStored + waiting + unexplained */
export interface Balance extends EventCounts {
  /** Events that waited when the counting began. Estimated until nothing waits for the first time. */
  readonly before: number
  readonly waiting: number
  /**
   * Events that the sum lacks while nothing waits, and those that it has too many of at any time, as a negative number: Pulsar delivered them
   * again, or their call got no 200 and they were stored anyway. `null` while that is unknown. Counts that a killed process had
   * not shown to anybody are missing too.
   */
  readonly unexplained: number | null
}

const API_EVENTS = 'tracardi_api_events_total'
const WORKER_EVENTS = 'tracardi_worker_events_total'
const API_SOURCE_EVENTS = 'tracardi_api_source_events_total'
const WORKER_SOURCE_EVENTS = 'tracardi_worker_source_events_total'

/** @param metrics sums over all instances. */
export function eventCounts(metrics: Metrics): EventCounts {
  const api = (outcome: string) => sumOf(metrics, API_EVENTS, { outcome }) ?? 0
  const worker = (outcome: string) => sumOf(metrics, WORKER_EVENTS, { outcome }) ?? 0
  const notStored = api('not_stored')
  return {
    in: api('accepted') + notStored,
    stored: worker('stored'),
    duplicates: worker('duplicate'),
    conflicts: worker('conflict'),
    deadLetters: worker('dead_lettered'),
    erased: worker('erased'),
    notStored,
  }
}

/** The same by source, the largest first. */
export function sourceCounts(metrics: Metrics): readonly SourceCounts[] {
  const sources = new Set<string>()
  for (const { name, labels } of metrics.values())
    if (name === API_SOURCE_EVENTS || name === WORKER_SOURCE_EVENTS) sources.add(labels['source'] ?? '')
  return [...sources]
    .map((source) => {
      const api = (outcome: string) => sumOf(metrics, API_SOURCE_EVENTS, { source, outcome }) ?? 0
      const worker = (outcome: string) => sumOf(metrics, WORKER_SOURCE_EVENTS, { source, outcome }) ?? 0
      const notStored = api('not_stored')
      const counts = {
        in: api('accepted') + notStored,
        duplicates: worker('duplicate'),
        conflicts: worker('conflict'),
        deadLetters: worker('dead_lettered'),
        erased: worker('erased'),
        notStored,
      }
      const { duplicates, conflicts, deadLetters, erased } = counts
      const storedOrWaiting = Math.max(0, counts.in - duplicates - conflicts - deadLetters - erased - notStored)
      return { source, ...counts, storedOrWaiting }
    })
    .sort((one, other) => other.in - one.in || (one.source < other.source ? -1 : 1))
}

/** What the queue says at the time of the counts. */
export interface Waiting {
  /** Messages that are not acknowledged; `null` while that is unknown. */
  readonly messages: number | null
  /** On average; `null` while that is unknown. */
  readonly eventsPerMessage: number | null
  /** Whether every instance has answered: the counts of one that did not are old. */
  readonly isComplete: boolean
}

/** What must be remembered from one reading to the next. */
export interface Books {
  readonly balance: Balance
  readonly isSettled: boolean
  readonly isEmpty: boolean
  /** Whether more was processed than came. */
  readonly isOver: boolean
}

/**
 * The books after another reading. The sum is verified whenever nothing waits, twice in a row with the same counts: API, workers and
 * Pulsar are never read at the same moment.
 *
 * @param counts since the beginning.
 * @param last the books after the reading before.
 */
export function nextBooks(last: Books | undefined, counts: EventCounts, queue: Waiting): Books {
  const missing = counts.in - processedOf(counts)
  const isEmpty = queue.messages === 0 && queue.isComplete
  const isAtRest = isEmpty && last?.isEmpty === true && isSame(counts, last.balance)
  const queued = eventsIn(queue)
  let before = last?.balance.before ?? Math.max(0, queued - missing)
  let isSettled = last?.isSettled ?? queue.messages === 0
  if (isAtRest && !isSettled) {
    before = -missing
    isSettled = true
  }
  const open = missing + before
  const isOver = open < 0 && queue.isComplete
  // Once may be the time between two readings.
  const isKnown = isAtRest || (isOver && last?.isOver === true)
  const waiting = isKnown ? (isAtRest ? 0 : queued) : Math.max(0, open)
  const balance: Balance = { ...counts, before, waiting, unexplained: isKnown ? open - waiting : null }
  return { balance, isSettled, isEmpty, isOver }
}

function eventsIn({ messages, eventsPerMessage }: Waiting): number {
  return Math.round((messages ?? 0) * (eventsPerMessage ?? 1))
}

function processedOf({ stored, duplicates, conflicts, deadLetters, erased, notStored }: EventCounts): number {
  return stored + duplicates + conflicts + deadLetters + erased + notStored
}

function isSame(counts: EventCounts, balance: Balance): boolean {
  return counts.in === balance.in && processedOf(counts) === processedOf(balance)
}
