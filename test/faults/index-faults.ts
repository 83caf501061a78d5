import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '@elastic/elasticsearch'
import { periodOf } from '../../runtime/search/indices.ts'
import { cli } from '../contract/cli.ts'
import { eventually } from '../support/until.ts'
import type { Fault } from './fault.ts'
import { callOf } from './load.ts'
import type { Random } from './random.ts'
import type { System } from './system.ts'

/**
 * The months of faults that need an index of their own, from now. All of them are within `EVENT_ID_WINDOW_HOURS` of the run, and
 * none is the next one, into which a clock jumps.
 */
const MONTHS_AWAY = { readOnly: -1, otherShards: -2, withoutNode: -3, recreated: 2 }
const SHARD_NUMBERS = [1, 2, 4, 5]
const MOST_ON_A_NODE = 'index.routing.allocation.total_shards_per_node'

/** The middle of the month that many months away: what is in ids of events for its index. */
export function monthAwayMs(nowMs: number, months: number): number {
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 15)
}

/** Some events of the load belong into the index of another month. */
class OtherMonth {
  readonly index: string
  readonly #system: System
  readonly #timeMs: number

  constructor(system: System, months: number) {
    this.#system = system
    this.#timeMs = monthAwayMs(Date.now(), months)
    this.index = `${system.pipeline.eventAlias}-${periodOf(this.#timeMs, 'month')}`
  }

  /** Posts calls with that many events until each call has its 200. */
  async post(calls: number, eventsPerCall: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      await this.#system.deliver(callOf(eventsPerCall, {}, this.#timeMs))
    }
  }

  async exists(): Promise<boolean> {
    return this.#system.search.indices.exists({ index: this.index })
  }

  /** Documents that can be found; none while its shards are missing. */
  async documents(): Promise<number> {
    const { index } = this
    try {
      await this.#system.search.indices.refresh({ index })
      return (await this.#system.search.count({ index })).count
    } catch (error) {
      if (error instanceof errors.ResponseError && error.statusCode === 503) return 0
      throw error
    }
  }

  async shards(): Promise<number> {
    const settings = await this.#system.search.indices.getSettings({ index: this.index, flat_settings: true })
    const flat = settings[this.index]?.settings as Record<string, string> | undefined
    return Number(flat?.['index.number_of_shards'])
  }

  async shardsThatAre(state: 'STARTED' | 'UNASSIGNED'): Promise<number> {
    const shards = await this.#system.search.cat.shards({ index: this.index, format: 'json', h: ['state'] })
    return shards.filter((shard) => shard.state === state).length
  }

  /** Takes effect when nothing writes to it any more. */
  async block(): Promise<void> {
    await this.#system.search.indices.addBlock({ index: this.index, block: 'write' })
  }

  unblock(): Promise<void> {
    return this.set({ 'index.blocks.write': null })
  }

  async set(settings: Readonly<Record<string, number | null>>): Promise<void> {
    await this.#system.search.indices.putSettings({ index: this.index, settings } as never)
  }

  /** What is in it is gone with it; no write comes between the look at its ids and that. */
  async delete(): Promise<void> {
    await this.block()
    await this.#system.rememberStored(this.index)
    await this.#system.search.indices.delete({ index: this.index })
  }

  /**
   * Makes it again, with these settings next to those of the template. The worker may make it first, when events for it wait. Does
   * not wait for its shards.
   */
  async recreate(settings: Readonly<Record<string, number>>): Promise<void> {
    for (;;) {
      if (await this.exists()) await this.delete()
      try {
        await this.#system.search.indices.create({ index: this.index, settings, wait_for_active_shards: 0 })
        return
      } catch (error) {
        const type = error instanceof errors.ResponseError ? error.body?.error?.type : undefined
        if (type !== 'resource_already_exists_exception') throw error
      }
    }
  }
}

/** @throws Error when set-up failed. */
async function setUp({ pipeline }: System, shards: number): Promise<void> {
  const { code, output, errors: told } = await cli({ ...pipeline.env, ELASTIC_INDEX_SHARDS: String(shards) }, 'set-up')
  if (code !== 0) throw new Error(`set-up ended with ${code}: ${output}${told}`)
}

function otherThan(shards: number, random: Random): number {
  return random.pick(SHARD_NUMBERS.filter((number) => number !== shards))
}

/** What happens to single indices and shards, while everything else continues. */
export const INDEX_FAULTS: readonly Fault[] = [
  {
    name: 'a shard without a node',
    inject: async (system, random) => {
      const month = new OtherMonth(system, MONTHS_AWAY.withoutNode)
      const shards = system.pipeline.config.indexShards
      // There is one node. A shard that has been on it would be taken there again, whatever its settings say.
      await month.recreate({ [MOST_ON_A_NODE]: shards - 1 })
      await eventually(async () => (await month.shardsThatAre('STARTED')) === shards - 1)
      try {
        for (let call = 0; call < 10; call += 1) {
          await month.post(1, 5)
          await sleep(random.between(200, 1000))
        }
        const away = await month.shardsThatAre('UNASSIGNED')
        if (away !== 1) throw new Error(`of ${month.index} ${away} shards were without a node; expected: 1`)
        await system.console.hold()
      } finally {
        await month.set({ [MOST_ON_A_NODE]: null })
      }
      await eventually(async () => (await month.shardsThatAre('STARTED')) === shards)
      await eventually(async () => (await month.documents()) >= 50)
    },
  },
  {
    name: 'an old index read-only, with late events for it',
    inject: async (system, random) => {
      const old = new OtherMonth(system, MONTHS_AWAY.readOnly)
      await old.post(1, 2)
      await eventually(() => old.exists())
      await old.block()
      try {
        for (let call = 0; call < 10; call += 1) {
          await old.post(1, 2)
          await sleep(random.between(200, 1000))
        }
        await system.console.hold()
      } finally {
        await old.unblock()
      }
    },
  },
  {
    name: 'an index re-created with another number of shards while events for it wait',
    inject: async (system, random) => {
      const month = new OtherMonth(system, MONTHS_AWAY.recreated)
      await month.post(3, 5)
      await eventually(async () => (await month.exists()) && (await month.documents()) >= 15)
      await month.block()
      const [before, waiting] = [await month.documents(), 50]
      await month.post(waiting / 5, 5)
      await sleep(random.between(1000, 4000))
      const during = await month.documents()
      if (during !== before) throw new Error(`a read-only index went from ${before} to ${during} documents`)
      const shards = otherThan(await month.shards(), random)
      await month.recreate({ number_of_shards: shards })
      await eventually(async () => (await month.documents()) >= waiting)
      if ((await month.shards()) !== shards) throw new Error(`${month.index} has not the ${shards} shards it was given`)
    },
  },
  {
    name: 'the number of shards changed between periods (ELASTIC_INDEX_SHARDS)',
    inject: async (system, random) => {
      const { indexShards } = system.pipeline.config
      const month = new OtherMonth(system, MONTHS_AWAY.otherShards)
      const shards = otherThan((await month.exists()) ? await month.shards() : indexShards, random)
      await setUp(system, shards)
      try {
        // The period of an earlier time: it begins again.
        if (await month.exists()) await month.delete()
        await month.post(10, 5)
        await eventually(async () => (await month.exists()) && (await month.documents()) >= 50)
        const found = await month.shards()
        if (found !== shards) throw new Error(`${month.index} was made with ${found} shards; configured were ${shards}`)
      } finally {
        await setUp(system, indexShards)
      }
    },
  },
]
