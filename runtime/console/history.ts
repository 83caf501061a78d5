import { added, increaseOf } from './increase.ts'
import type { InstanceAnswer, Observation } from './observation.ts'
import { type Numbers, type Reading, sumOver } from './reading.ts'

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
  readonly totals: Numbers
  readonly work: ReadonlyMap<string, InstanceTotals>
  /** Messages by partition; absent while Pulsar did not answer. */
  readonly backlog: ReadonlyMap<string, number> | undefined
}

interface LastReading {
  readonly reading: Reading
  readonly work: InstanceTotals
}

/** What is known: the moments, the earliest first, and all that was seen at the last of them. */
export interface HistoryView {
  readonly moments: readonly HistorySample[]
  readonly last: HistorySample
  readonly latest: Observation
}

/** The last 15 minutes, and the observation that ends them. It never holds more moments than were observed in that time. */
export class History {
  #moments: readonly HistorySample[] = []
  #known = new Map<string, LastReading>()
  #past: HistoryView | undefined

  /** `undefined` before the first observation. */
  get past(): HistoryView | undefined {
    return this.#past
  }

  add(observation: Observation): void {
    const { atMs, instances, queue } = observation
    const last = this.#moments.at(-1)
    let totals = last?.totals ?? {}
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
    this.#remember(instances, work)
    const backlog = queue.ok ? new Map(queue.value.partitions.map((one) => [one.partition, one.messages])) : undefined
    const moment = { atMs, totals, work, backlog }
    this.#moments = [...this.#moments, moment].filter((one) => one.atMs >= atMs - HISTORY_MS)
    this.#past = { moments: this.#moments, last: moment, latest: observation }
  }

  /** An instance that is down for a moment keeps its history; one that is no longer named is forgotten. */
  #remember(instances: readonly InstanceAnswer[], work: ReadonlyMap<string, InstanceTotals>): void {
    const remembered = new Map<string, LastReading>()
    for (const { url, answer } of instances) {
      const done = work.get(url)
      const known = answer.ok && done ? { reading: answer.value, work: done } : this.#known.get(url)
      if (known) remembered.set(url, known)
    }
    this.#known = remembered
  }
}

/** The earliest moment that is at most so long ago, or the one before where there is only one such moment. */
export function sampleBefore(moments: readonly HistorySample[], ms: number): HistorySample | undefined {
  const last = moments.at(-1)
  if (!last) return undefined
  const earlier = moments.find((one) => one.atMs >= last.atMs - ms)
  return earlier === last ? moments.at(-2) : earlier
}

function ownOf(numbers: Numbers): Numbers {
  return Object.fromEntries(Object.entries(numbers).filter(([key]) => key.startsWith('tracardi_')))
}

function workOf(program: Reading['program'], increase: Numbers): InstanceTotals {
  const events =
    program === 'api'
      ? (increase['tracardi_api_events_total{outcome="accepted"}'] ?? 0)
      : sumOver(increase, 'tracardi_worker_events_total')
  return { events, cpuSeconds: increase['process_cpu_seconds_total'] ?? 0 }
}
