import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { HistoryIndex, Kept } from './history-index.ts'
import type { Observation } from './observation.ts'
import type { PastAdvice } from './state.ts'
import { countsOf, marksOf, type ProcessCounts, type Sample, sampleOf, type Timeline } from './timeline.ts'

const MINUTE_MS = 60_000
const MINUTES_OF_A_DAY = 1440
/** Lines of advice in memory while Elasticsearch is down. */
const MOST_WAITING_ADVICE = 1000
/** APIs ask at different times, so that mostly one of them observes. */
const SPREAD_MS = 20_000
/** Answers to pages that are open at the same time are the same. */
const READ_EVERY_MS = 20_000

export interface RecorderOptions {
  readonly observe: () => Promise<Observation>
  readonly index: HistoryIndex
  readonly clock: Clock
  readonly log: Logger
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number
}

/**
 * Keeps a sample of each minute, whether or not somebody looks. Of all APIs, mostly one observes: the others see that the minute has its sample.
 * While Elasticsearch is down, samples of up to a day wait in memory. Nothing waits for this, and what fails is tried in the next minute.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #latest: ProcessCounts | undefined
  /** Not yet in Elasticsearch, the earliest first. */
  #waiting: readonly Sample[] = []
  /** Lines of advice that are not yet in Elasticsearch. */
  #waitingAdvice: readonly PastAdvice[] = []
  #kept: Kept = { samples: [], advice: [] }
  #readAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined
  #fault: string | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** The last day, with what still waits. While Elasticsearch does not answer, it comes after 5 s for each of its nodes at most. */
  async timeline(): Promise<Timeline> {
    await this.#renewed()
    const { samples } = this.#kept
    const fromMs = this.#options.clock.wallMs() - MINUTES_OF_A_DAY * MINUTE_MS
    const written = new Set(samples.map(({ minute }) => minute))
    const all = [...samples, ...this.#waiting.filter(({ minute }) => !written.has(minute))]
      .filter(({ atMs }) => atMs >= fromMs)
      .sort((one, other) => one.atMs - other.atMs)
    return {
      stepSeconds: MINUTE_MS / 1000,
      samples: all.map(({ atMs, acceptedPerSecond, storedPerSecond, backlogMessages }) => {
        return { atMs, acceptedPerSecond, storedPerSecond, backlogMessages }
      }),
      marks: marksOf(all).filter(({ atMs }) => atMs >= fromMs),
      ...(this.#fault === undefined ? {} : { reason: this.#fault }),
    }
  }

  /** Keeps advice that has gone: it is written with the sample of the next minute. */
  keep(advice: readonly PastAdvice[]): void {
    this.#waitingAdvice = [...this.#waitingAdvice, ...advice].slice(-MOST_WAITING_ADVICE)
  }

  /** The advice of the last day that has gone, of all APIs, as it was read last. Waits for nothing. */
  pastAdvice(): readonly PastAdvice[] {
    void this.#renewed()
    return this.#kept.advice
  }

  async #renewed(): Promise<void> {
    if (this.#options.clock.nowMs() - this.#readAtMs < READ_EVERY_MS) return
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #readAll(): Promise<void> {
    const { clock, index } = this.#options
    await this.#asked(async () => {
      this.#kept = await index.read(clock.wallMs() - MINUTES_OF_A_DAY * MINUTE_MS)
    })
    this.#readAtMs = clock.nowMs()
  }

  async #run(): Promise<void> {
    const { clock, random = Math.random } = this.#options
    for (;;) {
      const offsetMs = random() * SPREAD_MS
      const untilNextMs = MINUTE_MS - (clock.wallMs() % MINUTE_MS)
      try {
        await clock.sleep(untilNextMs + offsetMs, this.#stop.signal)
      } catch {
        return
      }
      await this.sample()
    }
  }

  /** Takes the sample of this minute, unless it exists. */
  async sample(): Promise<void> {
    const { clock, index, observe, log } = this.#options
    const minute = Math.floor(clock.wallMs() / MINUTE_MS)
    const found = await this.#asked(() => index.latest())
    if (found && found.atMs > (this.#latest?.atMs ?? 0)) this.#latest = found
    if (this.#latest?.minute !== minute) {
      try {
        const observation = await observe()
        const sample = sampleOf(observation, this.#latest, minute)
        this.#latest = countsOf(observation, minute)
        this.#waiting = [...this.#waiting, sample].slice(-MINUTES_OF_A_DAY)
      } catch (error) {
        log.warn({ err: error }, 'the console could not observe for its history')
      }
    }
    await this.#write()
    if (minute % 60 === 0) await this.#asked(() => index.clean(clock.wallMs()))
  }

  async #write(): Promise<void> {
    const samples = this.#waiting
    const advice = this.#waitingAdvice
    if (samples.length + advice.length === 0) return
    await this.#asked(async () => {
      await this.#options.index.write({ samples, advice, latest: samples.length > 0 ? this.#latest : undefined })
      this.#waiting = this.#waiting.filter((one) => !samples.includes(one))
      this.#waitingAdvice = this.#waitingAdvice.filter((one) => !advice.includes(one))
    })
  }

  /** What Elasticsearch answers. It is said once that it does not, and once that it does again. */
  async #asked<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { log } = this.#options
    try {
      const answer = await ask()
      if (this.#fault !== undefined) log.info('the history of the console is kept in Elasticsearch again')
      this.#fault = undefined
      return answer
    } catch (error) {
      const reason = messageOf(error)
      if (this.#fault === undefined) log.warn({ reason }, 'the history of the console waits in memory')
      this.#fault = reason
      return undefined
    }
  }
}
