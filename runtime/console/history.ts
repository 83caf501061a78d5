import { type Books, eventCounts, nextBooks, type Waiting } from '../telemetry/balance.ts'
import { added, countersOf, increaseOf, type Reading } from '../telemetry/counters.ts'
import { type Metrics, meanOf, sumOf } from '../telemetry/metrics.ts'
import type { InstanceAnswer, Observation } from './observation.ts'

/** What the page shows of the past, and so what is kept. */
export const HISTORY_MS = 15 * 60_000
/** Rates of the programs are taken over so long: workers store in bulks, so 2 s say little. */
export const RATE_MS = 10_000

/** What one instance has done since it was first seen. */
export interface InstanceTotals {
  /** Events accepted by an API, or processed by a worker. */
  readonly events: number
  readonly cpuSeconds: number
}

/** One moment of the past: counters have become sums that never fall, over all instances and restarts. */
export interface HistorySample {
  readonly atMs: number
  readonly totals: Metrics
  readonly work: ReadonlyMap<string, InstanceTotals>
  /** Messages by partition; absent while Pulsar did not answer. */
  readonly backlog: ReadonlyMap<string, number> | undefined
}

/** What is known of an instance that has answered. */
export interface KnownInstance {
  /** Its last answer. */
  readonly reading: Reading
  readonly work: InstanceTotals
  /** When it was seen to have started again, in milliseconds since the epoch, over the last 5 minutes. */
  readonly restartsAtMs: readonly number[]
}

/** What is known: the moments, the earliest first, and all that was seen at the last of them. */
export interface HistoryView {
  readonly moments: readonly HistorySample[]
  readonly last: HistorySample
  readonly latest: Observation
  /** When the observing began, in milliseconds since the epoch. */
  readonly beganAtMs: number
  /** What became of the events since then. */
  readonly books: Books
  /** Of the instances that have answered, by their URL. */
  readonly known: ReadonlyMap<string, KnownInstance>
}

/** The last 15 minutes, and the observation that ends them. It never holds more moments than were observed in that time. */
export class History {
  #moments: readonly HistorySample[] = []
  #known: ReadonlyMap<string, KnownInstance> = new Map()
  #past: HistoryView | undefined

  /** `undefined` before the first observation. */
  get past(): HistoryView | undefined {
    return this.#past
  }

  add(observation: Observation): void {
    const { atMs, instances, queue } = observation
    const last = this.#moments.at(-1)
    let totals = last?.totals ?? new Map()
    const work = new Map<string, InstanceTotals>()
    for (const { url, answer } of instances) {
      if (!answer.ok) continue
      const known = this.#known.get(url)
      const increase = increaseOf(known?.reading, answer.value, last?.atMs ?? Number.POSITIVE_INFINITY)
      totals = added(totals, ownOf(increase))
      const done = workOf(answer.value.program, increase)
      const before = known?.work ?? { events: 0, cpuSeconds: 0 }
      work.set(url, { events: before.events + done.events, cpuSeconds: before.cpuSeconds + done.cpuSeconds })
    }
    this.#remember(observation, work)
    const backlog = queue.ok ? new Map(queue.value.partitions.map((one) => [one.partition, one.messages])) : undefined
    const moment = { atMs, totals, work, backlog }
    this.#moments = [...this.#moments, moment].filter((one) => one.atMs >= atMs - HISTORY_MS)
    const books = nextBooks(this.#past?.books, eventCounts(totals), waitingIn(observation))
    const beganAtMs = this.#past?.beganAtMs ?? atMs
    this.#past = {
      moments: this.#moments,
      last: moment,
      latest: observation,
      beganAtMs,
      books,
      known: this.#known,
    }
  }

  /** An instance that is down for a moment keeps its history; one that is no longer named is forgotten. */
  #remember({ instances, atMs }: Observation, work: ReadonlyMap<string, InstanceTotals>): void {
    const remembered = new Map<string, KnownInstance>()
    for (const { url, answer } of instances) {
      const done = work.get(url)
      const before = this.#known.get(url)
      const restartsAtMs = restartsOf(before, answer, atMs)
      if (answer.ok && done) remembered.set(url, { reading: answer.value, work: done, restartsAtMs })
      else if (before) remembered.set(url, { ...before, restartsAtMs })
    }
    this.#known = remembered
  }
}

/** An instance that is silent long after its restarts is not one that starts again and again. */
const RESTARTS_MS = 300_000

function restartsOf(
  before: KnownInstance | undefined,
  answer: InstanceAnswer['answer'],
  atMs: number,
): readonly number[] {
  const recent = (before?.restartsAtMs ?? []).filter((one) => one >= atMs - RESTARTS_MS)
  const isNew = before && answer.ok && answer.value.startedAtSeconds !== before.reading.startedAtSeconds
  return isNew ? [...recent, atMs] : recent
}

/** What the instances that answered have counted since each of them began. */
export function allCounters({ instances }: Pick<Observation, 'instances'>): Metrics {
  return instances.reduce<Metrics>(
    (sum, { answer }) => (answer.ok ? added(sum, countersOf(answer.value.metrics)) : sum),
    new Map(),
  )
}

function waitingIn({ instances, queue }: Observation): Waiting {
  const programs = instances.map(({ answer }) => (answer.ok ? answer.value.program : undefined))
  return {
    messages: queue.ok ? queue.value.partitions.reduce((sum, { messages }) => sum + messages, 0) : null,
    eventsPerMessage: meanOf(allCounters({ instances }), 'tracardi_api_message_events'),
    isComplete: programs.includes('worker') && !programs.includes(undefined),
  }
}

/** The earliest moment that is at most so long ago, or the one before where there is only one such moment. */
export function sampleBefore(moments: readonly HistorySample[], ms: number): HistorySample | undefined {
  const last = moments.at(-1)
  if (!last) return undefined
  const earlier = moments.find((one) => one.atMs >= last.atMs - ms)
  return earlier === last ? moments.at(-2) : earlier
}

function ownOf(metrics: Metrics): Metrics {
  return new Map([...metrics].filter(([, { name }]) => name.startsWith('tracardi_')))
}

function workOf(program: Reading['program'], increase: Metrics): InstanceTotals {
  const events =
    program === 'api'
      ? sumOf(increase, 'tracardi_api_events_total', { outcome: 'accepted' })
      : sumOf(increase, 'tracardi_worker_events_total')
  return { events: events ?? 0, cpuSeconds: sumOf(increase, 'process_cpu_seconds_total') ?? 0 }
}

export interface Point {
  readonly atMs: number
  readonly value: number
}

/** Less than this says too little: one poll may fall between a publish and its acknowledgement. */
const SHORTEST_MS = 8000

/**
 * How fast a number changes, per second: the slope of the straight line that lies nearest to all points, so that one
 * reading between two bulks does not turn it round. `null` while the points span less than 8 s.
 */
export function slopePerSecond(points: readonly Point[]): number | null {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || last.atMs - first.atMs < SHORTEST_MS) return null
  const seconds = points.map(({ atMs }) => (atMs - first.atMs) / 1000)
  const meanSeconds = mean(seconds)
  const meanValue = mean(points.map(({ value }) => value))
  const covariance = mean(points.map(({ value }, i) => ((seconds[i] as number) - meanSeconds) * (value - meanValue)))
  const variance = mean(seconds.map((second) => (second - meanSeconds) ** 2))
  return covariance / variance
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
