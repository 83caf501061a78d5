import { History, type HistoryView } from '../../../runtime/console/history.ts'
import type { InstanceAnswer, Observation, SearchState } from '../../../runtime/console/observation.ts'
import type { Reading } from '../../../runtime/telemetry/counters.ts'
import { parseMetrics } from '../../../runtime/telemetry/metrics.ts'

/** A moment at which a pipeline of one API and one worker is observed. */
export const START_MS = Date.parse('2026-11-22T12:00:00Z')
export const API = 'http://api:8686'
export const WORKER = 'http://worker:8686'

const GB = 1024 ** 3

export const SEARCH: SearchState = {
  status: 'green',
  nodes: 3,
  dataNodes: 2,
  activeShards: 8,
  unassignedShards: 0,
  missingShards: [],
  nodesAway: [],
  indices: [],
  disks: [{ node: 'es-0', totalBytes: 1000 * GB, availableBytes: 600 * GB }],
  watermarks: {
    low: { limit: '85%', maxHeadroom: '200gb' },
    high: { limit: '90%', maxHeadroom: '150gb' },
    floodStage: { limit: '95%', maxHeadroom: '100gb' },
  },
}

interface Numbers {
  readonly startedAtSeconds?: number
  /** By their series, as `/metrics` has them. */
  readonly counters?: Readonly<Record<string, number>>
  readonly gauges?: Readonly<Record<string, number>>
}

export function reading(
  program: Reading['program'],
  { startedAtSeconds = START_MS / 1000 - 3600, counters = {}, gauges = {} }: Numbers = {},
): Reading {
  const lines = Object.entries({ ...counters, ...gauges }).map(([series, value]) => `${series} ${value}`)
  return { program, startedAtSeconds, atMs: 0, metrics: parseMetrics(lines.join('\n')) }
}

export function answers(url: string, value: Reading): InstanceAnswer {
  return { url, answer: { ok: true, value } }
}

export function observation(seconds: number, seen: Partial<Observation> = {}): Observation {
  return {
    atMs: START_MS + seconds * 1000,
    instances: [],
    queue: { ok: true, value: { partitions: [], deadLetters: 0 } },
    search: { ok: true, value: SEARCH },
    publishFault: undefined,
    ...seen,
  }
}

export function partitions(...messages: readonly number[]): Observation['queue'] {
  return {
    ok: true,
    value: {
      partitions: messages.map((count, at) => ({
        partition: `persistent://t/n/functions-partition-${at}`,
        messages: count,
      })),
      deadLetters: 0,
    },
  }
}

export function pastOf(...observations: readonly Observation[]): HistoryView {
  const history = new History()
  for (const one of observations) history.add(one)
  if (!history.past) throw new Error('nothing was observed')
  return history.past
}
