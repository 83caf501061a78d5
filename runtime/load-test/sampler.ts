import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Readings } from '../telemetry/counters.ts'
import type { Phase } from './calls.ts'
import type { Meter } from './drive.ts'
import type { GeneratorInterval, Interval } from './record.ts'
import { apiBetween, type NodeReadings, nodesBetween, workersBetween } from './samples.ts'

/** Where samples come from; each answers what it can. */
export interface SampleReaders {
  readonly instances: () => Promise<Readings>
  readonly nodes: () => Promise<NodeReadings>
  readonly backlogMessages: () => Promise<number>
}

interface Sample {
  readonly atMs: number
  readonly instances: Readings
  readonly nodes: NodeReadings
  readonly backlogMessages: number | undefined
  readonly loop: ReturnType<typeof performance.eventLoopUtilization>
  readonly machine: { readonly busyMs: number; readonly totalMs: number }
}

/** Makes an interval of each two samples. */
export class Sampler {
  readonly intervals: Interval[] = []
  readonly #sources: SampleReaders
  readonly #meter: Meter
  readonly #startedAtMs = performance.now()
  #last: Sample

  private constructor(sources: SampleReaders, meter: Meter, first: Sample) {
    this.#sources = sources
    this.#meter = meter
    this.#last = first
  }

  /** @throws whatever a source fails on: what is wrong from the start will not be right later. */
  static async start(sources: SampleReaders, meter: Meter): Promise<Sampler> {
    const [instances, nodes, backlogMessages] = await Promise.all([
      sources.instances(),
      sources.nodes(),
      sources.backlogMessages(),
    ])
    return new Sampler(sources, meter, { ...ownSample(), instances, nodes, backlogMessages })
  }

  /** What was first seen of the platform. */
  get first(): Pick<Sample, 'instances' | 'nodes'> {
    return this.#last
  }

  async take(phase: Phase | 'drain'): Promise<Interval> {
    const [instances, nodes, backlogMessages] = await Promise.all([
      this.#sources.instances().catch(() => new Map()),
      this.#sources.nodes().catch(() => new Map()),
      this.#sources.backlogMessages().catch(() => undefined),
    ])
    const before = this.#last
    const after: Sample = { ...ownSample(), instances, nodes, backlogMessages }
    const interval: Interval = {
      fromSeconds: (before.atMs - this.#startedAtMs) / 1000,
      toSeconds: (after.atMs - this.#startedAtMs) / 1000,
      phase,
      load: this.#meter.lately(),
      generator: generatorBetween(before, after),
      api: apiBetween(before.instances, after.instances),
      worker: workersBetween(before.instances, after.instances),
      nodes: nodesBetween(before.nodes, after.nodes),
      backlogMessages,
    }
    this.intervals.push(interval)
    // What did not answer this time is compared with the last time that it did.
    this.#last = { ...after, instances: merged(before.instances, instances), nodes: merged(before.nodes, nodes) }
    return interval
  }
}

function merged<T>(older: ReadonlyMap<string, T>, newer: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...older, ...newer])
}

function ownSample(): Pick<Sample, 'atMs' | 'loop' | 'machine'> {
  const times = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({ busy: user + nice + sys + irq, idle }))
  const busyMs = times.reduce((sum, { busy }) => sum + busy, 0)
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0)
  return {
    atMs: performance.now(),
    loop: performance.eventLoopUtilization(),
    machine: { busyMs, totalMs: busyMs + idleMs },
  }
}

function generatorBetween(before: Sample, after: Sample): GeneratorInterval {
  const totalMs = after.machine.totalMs - before.machine.totalMs
  return {
    loopBusy: performance.eventLoopUtilization(after.loop, before.loop).utilization,
    machineBusy: totalMs <= 0 ? 0 : (after.machine.busyMs - before.machine.busyMs) / totalMs,
    machineCores: cpus().length,
  }
}
