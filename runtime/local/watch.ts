import { setTimeout as sleep } from 'node:timers/promises'

import type { Screen } from '../screen.ts'
import { added, increaseOf, type Reading } from '../telemetry/counters.ts'
import { scrape } from '../telemetry/instances.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { bearer } from './authorization.ts'
import { formatStatus, type Sample, sampleOf, statusKey } from './status.ts'

const INTERVAL_MS = 1000
const ANSWER_LIMIT_MS = 2000
/** Rates are over so many samples: workers store in bulks, so the rate of one second says little. */
const RATE_SAMPLES = 5

export interface PipelineEndpoints {
  /** The private listener of the API. */
  readonly apiUrl: string
  /** That of the worker. */
  readonly workerUrl: string
  readonly backlogUrl: string
  /** The token of the operators, which the backlog asks for. */
  readonly token: string
}

/** Shows the state of the pipeline once a second until the signal. */
export async function watchPipeline(watched: PipelineEndpoints, screen: Screen, signal: AbortSignal): Promise<void> {
  const [api, worker] = [countingOn(), countingOn()]
  const samples: Sample[] = []
  const readAt = async (url: string) => {
    const answer = await scrape(url, ANSWER_LIMIT_MS, Date.now)
    return answer.ok ? answer.value : undefined
  }
  while (!signal.aborted) {
    const [apiReading, workerReading, backlog] = await Promise.all([
      readAt(watched.apiUrl),
      readAt(watched.workerUrl),
      textAt(watched.backlogUrl, bearer(watched.token)),
    ])
    const sample = sampleOf(Date.now(), api(apiReading), worker(workerReading), totalIn(backlog))
    if (signal.aborted) return
    samples.push(sample)
    screen.status(formatStatus(sample, samples[0] ?? sample), statusKey(sample))
    if (samples.length > RATE_SAMPLES) samples.shift()
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** The numbers of a program with counters that go on over its restarts, which begin at 0 again. */
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
