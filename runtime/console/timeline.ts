import { PROCESS_INFO } from '../process-info.ts'
import type { Reading } from '../telemetry/counters.ts'
import { sumOf } from '../telemetry/metrics.ts'
import type { InstanceAnswer, Observation } from './observation.ts'

/** Counts of processes that are further apart say nothing of the time in between. */
const MOST_SECONDS = 300
/** A start is in the sample that follows it. One that nobody could write does not lose it. */
const STARTS_MS = 15 * 60_000

type Program = Reading['program']

/** What one process has counted since it started. */
export interface ProcessCount {
  readonly program: Program
  readonly startedAtSeconds: number
  /** Events accepted by an API, or stored by a worker. */
  readonly events: number
}

/** All processes that answered at one moment, by host and process id. */
export interface ProcessCounts {
  readonly atMs: number
  readonly minute: number
  readonly processes: Readonly<Record<string, ProcessCount>>
}

export interface Start {
  /** Host and id of the process. */
  readonly process: string
  readonly program: Program
  readonly version: string
  readonly atMs: number
}

/** What is kept of one minute. Rates are per second since the sample before; `null` where that is unknown. */
export interface Sample {
  /** Since the epoch. It is the id of the sample: several APIs write it once. */
  readonly minute: number
  readonly atMs: number
  readonly acceptedPerSecond: number | null
  readonly storedPerSecond: number | null
  readonly backlogMessages: number | null
  /** Processes that started within the last 15 minutes. */
  readonly starts: readonly Start[]
  /** What ran, as `worker 0.1.0`, in a stack with the image: `worker 0.1.0 5c8acc9750ee`. */
  readonly versions: readonly string[]
}

/** Processes that started at about the same time. */
export interface Mark {
  readonly atMs: number
  /** `deployed`: nothing of this version ran before. `started`: everything else, also the first start of all. */
  readonly kind: 'deployed' | 'started'
  readonly program: Program
  readonly version: string
  readonly processes: number
}

/** The answer of `GET /console/history`. */
export interface Timeline {
  readonly stepSeconds: number
  readonly samples: readonly Pick<Sample, 'atMs' | 'acceptedPerSecond' | 'storedPerSecond' | 'backlogMessages'>[]
  readonly marks: readonly Mark[]
  /** Why Elasticsearch does not have or give the history; absent when it does. */
  readonly reason?: string
}

interface Seen extends ProcessCount {
  readonly process: string
  readonly version: string
}

export function countsOf(observation: Observation, minute: number): ProcessCounts {
  const processes = seenIn(observation).map(({ process, program, startedAtSeconds, events }) => [
    process,
    { program, startedAtSeconds, events },
  ])
  return { atMs: observation.atMs, minute, processes: Object.fromEntries(processes) }
}

/** @param before the counts of the sample before; none if this is the first. */
export function sampleOf(observation: Observation, before: ProcessCounts | undefined, minute: number): Sample {
  const { atMs, queue } = observation
  const seen = seenIn(observation)
  const seconds = before ? (atMs - before.atMs) / 1000 : 0
  const rateOf = (program: Program): number | null => {
    const own = seen.filter((one) => one.program === program)
    if (!before || own.length === 0 || seconds <= 0 || seconds > MOST_SECONDS) return null
    return own.reduce((sum, one) => sum + increaseOf(one, before), 0) / seconds
  }
  return {
    minute,
    atMs,
    acceptedPerSecond: rateOf('api'),
    storedPerSecond: rateOf('worker'),
    backlogMessages: queue.ok ? queue.value.partitions.reduce((sum, { messages }) => sum + messages, 0) : null,
    starts: seen
      .filter(({ startedAtSeconds }) => startedAtSeconds * 1000 > atMs - STARTS_MS)
      .map(({ process, program, version, startedAtSeconds }) => {
        return { process, program, version, atMs: startedAtSeconds * 1000 }
      }),
    versions: [...new Set(seen.map(({ program, version }) => `${program} ${version}`))].sort(),
  }
}

/** A process that was running, and is only now known, counted for the time before as well: nothing of it is taken. */
function increaseOf({ process, startedAtSeconds, events }: Seen, before: ProcessCounts): number {
  const was = before.processes[process]
  if (was?.startedAtSeconds === startedAtSeconds) return Math.max(0, events - was.events)
  return startedAtSeconds * 1000 >= before.atMs ? events : 0
}

function seenIn({ instances }: Observation): readonly Seen[] {
  return instances.flatMap((one) => seenAt(one) ?? [])
}

function seenAt({ url, answer }: InstanceAnswer): Seen | undefined {
  if (!answer.ok) return undefined
  const { program, startedAtSeconds, metrics } = answer.value
  const info = [...metrics.values()].find(({ name }) => name === PROCESS_INFO)
  const events =
    program === 'api'
      ? sumOf(metrics, 'tracardi_api_events_total', { outcome: 'accepted' })
      : sumOf(metrics, 'tracardi_worker_events_total', { outcome: 'stored' })
  // One of an earlier release does not say what it is.
  const { process = url, version = '', image = '' } = info?.labels ?? {}
  return { process, version: [version, ...buildOf(image)].join(' '), program, startedAtSeconds, events: events ?? 0 }
}

/** Digits of a digest that identify an image; Docker shows as many. */
const DIGEST_DIGITS = 12

/** An image in short: the begin of its digest, or its name and tag without the registry; nothing where none is stated. */
function buildOf(image: string): readonly string[] {
  const [name = '', digest] = image.split('@sha256:')
  const short = digest?.slice(0, DIGEST_DIGITS) ?? name.slice(name.lastIndexOf('/') + 1)
  return short === '' ? [] : [short]
}

/** Starts and deployments, the earliest first. @param samples the earliest first. */
export function marksOf(samples: readonly Sample[]): readonly Mark[] {
  const starts = new Map<string, Start>()
  for (const one of samples.flatMap((sample) => sample.starts)) starts.set(`${one.process} ${one.atMs}`, one)
  const marks = new Map<string, Mark>()
  for (const { program, version, atMs } of [...starts.values()].sort((one, other) => one.atMs - other.atMs)) {
    // Starts of one minute are one mark, at the first of them.
    const key = `${program} ${version} ${Math.floor(atMs / 60_000)}`
    const mark = marks.get(key)
    const kind = mark?.kind ?? (isNew(samples, program, version, atMs) ? 'deployed' : 'started')
    marks.set(key, { atMs: mark?.atMs ?? atMs, kind, program, version, processes: (mark?.processes ?? 0) + 1 })
  }
  return [...marks.values()]
}

/** Whether other versions of a program ran just before, and this one did not. */
function isNew(samples: readonly Sample[], program: Program, version: string, atMs: number): boolean {
  const versions = samples.findLast((one) => one.atMs < atMs)?.versions ?? []
  return versions.some((one) => one.startsWith(`${program} `)) && !versions.includes(`${program} ${version}`)
}
