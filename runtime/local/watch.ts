import { setTimeout as sleep } from 'node:timers/promises'
import { type Metric, parseMetrics } from '../metrics-text.ts'
import type { Screen } from '../screen.ts'
import { bearer } from './authorization.ts'
import { formatStatus, goOnCounting, type Sample, sampleOf, statusKey } from './status.ts'

const INTERVAL_MS = 1000
const ANSWER_LIMIT_MS = 2000
/** Number of samples for a rate: workers store in bulks, so the rate of one second says little. */
const RATE_SAMPLES = 5

export interface PipelineEndpoints {
  readonly apiMetricsUrl: string
  readonly workerMetricsUrl: string
  readonly backlogUrl: string
  /** The token of the operators, which the backlog asks for. */
  readonly token: string
}

/** Shows the state of the pipeline once a second until the signal. */
export async function watchPipeline(watched: PipelineEndpoints, screen: Screen, signal: AbortSignal): Promise<void> {
  const counters = {
    eventsIn: goOnCounting(),
    stored: goOnCounting(),
    duplicates: goOnCounting(),
    dead: goOnCounting(),
  }
  const samples: Sample[] = []
  while (!signal.aborted) {
    const raw = await takeSample(watched)
    const sample = {
      ...raw,
      eventsIn: counters.eventsIn(raw.eventsIn),
      stored: counters.stored(raw.stored),
      duplicates: counters.duplicates(raw.duplicates),
      deadLettered: counters.dead(raw.deadLettered),
    }
    if (signal.aborted) return
    samples.push(sample)
    screen.status(formatStatus(sample, samples[0] ?? sample), statusKey(sample))
    if (samples.length > RATE_SAMPLES) samples.shift()
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function takeSample(watched: PipelineEndpoints): Promise<Sample> {
  const [api, worker, backlog] = await Promise.all([
    metricsAt(watched.apiMetricsUrl),
    metricsAt(watched.workerMetricsUrl),
    textAt(watched.backlogUrl, bearer(watched.token)),
  ])
  return sampleOf(Date.now(), api, worker, totalIn(backlog))
}

async function metricsAt(url: string): Promise<Metric[]> {
  return parseMetrics((await textAt(url)) ?? '')
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
