import { setTimeout as sleep } from 'node:timers/promises'
import type { Screen } from '../screen.ts'
import { type Balance, type Books, eventCounts, nextBooks } from '../telemetry/balance.ts'
import { added, increaseOf, type Reading } from '../telemetry/counters.ts'
import { balanceInWords, counted as counting, number } from '../telemetry/format.js'
import { scrape } from '../telemetry/instances.ts'
import { type Metrics, meanOf } from '../telemetry/metrics.ts'
import { bearer } from './credentials.ts'

const INTERVAL_MS = 1000
const ANSWER_LIMIT_MS = 2000
/** The API observes every 2 s. */
const ADVICE_EVERY_MS = 2000
/** Number of samples for a rate: workers store in bulks, so the rate of one second says little. */
const RATE_SAMPLES = 5

export interface PipelineEndpoints {
  /** The private listener of the API. */
  readonly apiUrl: string
  /** That of the worker. */
  readonly workerUrl: string
  readonly backlogUrl: string
  /** What the console advises. */
  readonly adviceUrl: string
  /** The token of the operators, which backlog and advice ask for. */
  readonly token: string
}

/** Shows the state of the pipeline once a second until the signal. */
export async function watchPipeline(watched: PipelineEndpoints, screen: Screen, signal: AbortSignal): Promise<void> {
  const [api, worker] = [countingOn(), countingOn()]
  const samples: Sample[] = []
  let books: Books | undefined
  let advice: { readonly atMs: number; readonly text: string | undefined } = { atMs: 0, text: undefined }
  const adviceAt = async () => {
    if (Date.now() - advice.atMs >= ADVICE_EVERY_MS)
      advice = { atMs: Date.now(), text: await textAt(watched.adviceUrl, bearer(watched.token)) }
    return advice.text
  }
  const readAt = async (url: string) => {
    const answer = await scrape(url, ANSWER_LIMIT_MS, Date.now)
    return answer.ok ? answer.value : undefined
  }
  while (!signal.aborted) {
    const [apiReading, workerReading, backlog, advised] = await Promise.all([
      readAt(watched.apiUrl),
      readAt(watched.workerUrl),
      textAt(watched.backlogUrl, bearer(watched.token)),
      adviceAt(),
    ])
    const [apiMetrics, workerMetrics, messages] = [api(apiReading), worker(workerReading), totalIn(backlog)]
    if (apiMetrics.size > 0 && workerMetrics.size > 0) {
      books = nextBooks(books, eventCounts(new Map([...apiMetrics, ...workerMetrics])), {
        messages: messages ?? null,
        eventsPerMessage: meanOf(apiMetrics, 'tracardi_api_message_events'),
        isComplete: apiReading !== undefined && workerReading !== undefined,
      })
    }
    const sample = {
      atMs: Date.now(),
      balance: books?.balance,
      messages,
      lastFlush: lastFlush(workerMetrics),
      urgent: urgentIn(advised),
    }
    if (signal.aborted) return
    samples.push(sample)
    screen.status(formatStatus(sample, samples[0] ?? sample), statusKey(sample))
    if (samples.length > RATE_SAMPLES) samples.shift()
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** The numbers of a program with counters that continue over its restarts, which begin at 0 again. */
export function countingOn(): (reading: Reading | undefined) => Metrics {
  let counters: Metrics = new Map()
  let last: Reading | undefined
  return (reading) => {
    if (reading) {
      counters = added(counters, increaseOf(last, reading, 0))
      last = reading
    }
    return new Map([...(last?.metrics ?? []), ...counters])
  }
}

/** The total of an answer of the backlog endpoint. */
export function totalIn(backlog: string | undefined): number | undefined {
  try {
    const { total } = JSON.parse(backlog ?? '') as { total?: unknown }
    return typeof total === 'number' ? total : undefined
  } catch {
    return undefined
  }
}

/** Title and code of what is most urgent. A hint is not. */
export function urgentIn(answer: string | undefined): string | undefined {
  try {
    const { advice = [] } = JSON.parse(answer ?? '') as {
      advice?: readonly Record<'code' | 'severity' | 'title', string>[]
    }
    const urgent = advice.find(({ severity }) => severity !== 'hint')
    return urgent && `${urgent.severity === 'act' ? 'ACT NOW' : 'WATCH'} [${urgent.code}]: ${urgent.title}`
  } catch {
    return undefined
  }
}

/** A program that is just being restarted does not answer; the line shows it as unknown. */
async function textAt(url: string, authorization?: string): Promise<string | undefined> {
  try {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    const text = await response.text()
    return response.ok ? text : undefined
  } catch {
    return undefined
  }
}

/** What the run shows of the pipeline at one moment. Values that could not be read are omitted. */
export interface Sample {
  readonly atMs: number
  readonly balance?: Balance | undefined
  readonly messages?: number | undefined
  readonly lastFlush?: Flush | undefined
  /** What the console says to do now; nothing when it says nothing urgent. */
  readonly urgent?: string | undefined
}

export interface Flush {
  readonly reason: string
  readonly atMs: number
}

/** The flush of the greatest timestamp; a reason that never flushed has 0. */
export function lastFlush(worker: Metrics): Flush | undefined {
  const flushes = [...worker.values()]
    .filter(({ name, value }) => name === 'tracardi_worker_last_flush_timestamp_seconds' && value > 0)
    .sort((one, other) => other.value - one.value)
  const latest = flushes[0]
  return latest && { reason: latest.labels['reason'] ?? 'unknown', atMs: latest.value * 1000 }
}

/** The line that is shown. Rates are since the `earlier` sample. */
export function formatStatus(sample: Sample, earlier: Sample): string {
  const { balance, messages, urgent } = sample
  const seconds = (sample.atMs - earlier.atMs) / 1000
  const rateOf = (count: 'in' | 'stored'): number =>
    balance && earlier.balance && seconds > 0 ? Math.round((balance[count] - earlier.balance[count]) / seconds) : 0
  const [inRate, storedRate] = [rateOf('in'), rateOf('stored')]
  return [
    ...(urgent === undefined ? [] : [urgent]),
    balance ? balanceInWords(balance) : 'events unknown',
    ...(inRate + storedRate > 0 ? [`${number(inRate)}/s in, ${number(storedRate)}/s stored`] : []),
    `backlog ${messages === undefined ? 'unknown' : counting(messages, 'message')}`,
    flushed(sample),
  ].join(' · ')
}

/** What makes two lines different for somebody who reads a log: the numbers, not how long ago something was. */
export function statusKey({ atMs: _, ...facts }: Sample): string {
  return JSON.stringify(facts)
}

function flushed({ atMs, lastFlush }: Sample): string {
  if (!lastFlush) return 'no flush yet'
  return `last flush ${Math.max(0, Math.round((atMs - lastFlush.atMs) / 1000))} s ago (${lastFlush.reason})`
}
