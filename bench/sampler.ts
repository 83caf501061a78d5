import { setTimeout as sleep } from 'node:timers/promises'
import { busyMsOfMachine, cpuMsOf, groupMembers, rssMbOf } from './proc.ts'
import type { Sample } from './window.ts'

const EVERY_MS = 100

/** Something whose CPU time and memory are watched: a group of processes that we started. */
export interface Watched {
  readonly name: string
  readonly group: number
}

/** How many events are done. */
export type CountEvents = () => number | Promise<number>

/**
 * Takes samples. The bench itself, which makes the load, is `generator` in them; `elsewhere` is what the machine did besides,
 * so that a disturbed measurement shows.
 */
export class Sampler {
  readonly samples: Sample[] = []
  readonly #count: CountEvents
  readonly #members: readonly (readonly [name: string, pids: readonly number[]])[]

  constructor(count: CountEvents, watched: readonly Watched[]) {
    this.#count = count
    this.#members = watched.map(({ name, group }) => [name, groupMembers(group)])
  }

  async take(): Promise<Sample> {
    const events = await this.#count()
    const { user, system } = process.cpuUsage()
    const known = {
      ...Object.fromEntries(this.#members.map(([name, pids]) => [name, cpuMsOf(pids)])),
      generator: (user + system) / 1000,
    }
    const knownMs = Object.values<number>(known).reduce((sum, ms) => sum + ms, 0)
    const sample = {
      atMs: performance.now(),
      events,
      cpuMs: { ...known, elsewhere: busyMsOfMachine() - knownMs },
      rssMb: Object.fromEntries(this.#members.map(([name, pids]) => [name, rssMbOf(pids)])),
    }
    this.samples.push(sample)
    return sample
  }

  /** @throws Error when nothing was counted for `stallMs`. */
  async until(events: number, stallMs = 60_000): Promise<readonly Sample[]> {
    let counted = 0
    let movedAtMs = performance.now()
    for (;;) {
      const sample = await this.take()
      if (sample.events >= events) return this.samples
      if (sample.events > counted) movedAtMs = sample.atMs
      counted = sample.events
      if (sample.atMs - movedAtMs > stallMs) {
        throw new Error(`of ${events} events ${counted} are done, and no more for ${stallMs / 1000} s`)
      }
      await sleep(EVERY_MS)
    }
  }
}
