import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { periodOf } from '../../runtime/search/indices.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { Program } from '../faults/program.ts'
import { Load } from '../support/load.ts'
import { eventually } from '../support/until.ts'

/**
 * One index of two is in trouble, and events for it arrive once a second: all events of the other are stored, and as fast
 * as without the trouble. It prints a table of what was measured.
 */

const DAY_MS = 24 * 3600 * 1000
/** The index in trouble is of another day, which stays another if midnight passes. */
const AWAY_MS = 2 * DAY_MS
const HEALTHY = { eventsPerSecond: 500, eventsPerCall: 10 }
const TROUBLED = { eventsPerSecond: 1, eventsPerCall: 1 }
/** Until the programs are used to the load, and until the trouble has come into each slot of the worker. */
const SETTLING_MS = { without: 5000, with: 10_000 }
const MEASURED_MS = { without: 10_000, with: 30_000 }
/** A worker keeps up if no more waits than arrives in this time: `BULK_TIMEOUT_SECONDS`, and another second. */
const KEEPS_UP_MS = 2000
const SLOWEST_START_MS = 30_000
/** A rate is that of without the trouble when it is at least so much of it. */
const LEAST_SHARE = 0.9
/** What was just answered 200 is stored by then, with `BULK_TIMEOUT_SECONDS` of one second. */
const LAST_STORED_MS = 10_000
/** By then, the waiting events of the faulty index have been redelivered. */
const MENDED_MS = 60_000

interface Trouble {
  readonly name: string
  /** When the events for the index in trouble have happened, from now. */
  readonly aheadMs: number
  make(pipeline: Pipeline, index: string): Promise<unknown>
  mend(pipeline: Pipeline, index: string): Promise<unknown>
}

const settingsOf = (key: string) => (value: unknown) => ({ settings: { [key]: value } })
const nodes = settingsOf('index.routing.allocation.require._name')
const writes = settingsOf('index.blocks.write')

const TROUBLES: readonly Trouble[] = [
  {
    name: 'an index whose shards have no node',
    aheadMs: AWAY_MS,
    make: ({ search }, index) => search.indices.create({ index, wait_for_active_shards: 0, ...nodes('nope') } as never),
    mend: ({ search }, index) => search.indices.putSettings({ index, ...nodes(null) } as never),
  },
  {
    name: 'an old index that is read-only',
    aheadMs: -AWAY_MS,
    make: ({ search }, index) => search.indices.create({ index, ...writes(true) } as never),
    mend: ({ search }, index) => search.indices.putSettings({ index, ...writes(null) } as never),
  },
]

const HEAD = ['trouble', 'healthy', 'stored/s without', 'with', 'missing', 'troubled', 'missing once fixed', 'twice']

function say(cells: readonly (string | number)[]): void {
  process.stdout.write(`      | ${cells.join(' | ')} |\n`)
}

describe('the trouble of one index stays its own', function () {
  this.timeout(240_000)
  before(() => say(HEAD))
  let pipeline: Pipeline
  let worker: Program
  let suite = 0

  beforeEach(async () => {
    suite += 1
    pipeline = await Pipeline.create(`trouble-${suite}`, {
      EVENT_PARTITIONING: 'day',
      BULK_TIMEOUT_SECONDS: '1',
      PULSAR_TRANSPORT: process.env['PULSAR_TRANSPORT'] ?? 'auto',
    })
    await pipeline.startApi()
    // A process of its own, as in production: the load is not to wait for it.
    worker = new Program('worker', { ...pipeline.env, PRIVATE_PORT: new URL(pipeline.workerPrivateUrl).port })
    worker.start()
    await worker.untilReady()
  })
  afterEach(async () => {
    await worker.end('SIGKILL')
    await pipeline.close()
  })
  const indexOf = (timeMs: number) => `${pipeline.eventAlias}-${periodOf(timeMs, 'day')}`

  /** Documents of these indices, searchable or not: an event that is repeated is not counted again. */
  async function documents(ofIndex: (index: string) => boolean): Promise<number> {
    const stats = await pipeline.search.indices.stats({ index: `${pipeline.eventAlias}-*`, metric: 'indexing' })
    return Object.entries(stats.indices ?? {})
      .filter(([index]) => ofIndex(index))
      .reduce((sum, [, { primaries }]) => sum + (primaries?.indexing?.index_total ?? 0), 0)
  }

  async function perSecond(count: () => Promise<number>, ms: number): Promise<number> {
    const [startedAtMs, before] = [performance.now(), await count()]
    await sleep(ms)
    return ((await count()) - before) / ((performance.now() - startedAtMs) / 1000)
  }

  /** @throws Error when the machine is too slow for the load, with nothing in trouble. */
  async function untilKeptUp({ accepted }: Load, count: () => Promise<number>): Promise<void> {
    const deadline = performance.now() + SLOWEST_START_MS
    const mayWait = (HEALTHY.eventsPerSecond * KEEPS_UP_MS) / 1000
    while ((await count()) < accepted.size - mayWait) {
      if (performance.now() < deadline) await sleep(100)
      else
        throw new Error(`of ${accepted.size} events ${await count()} are stored: this machine is too slow for the load`)
    }
  }

  /** Waits for so many, and not forever: what is missing then is what the test finds. */
  async function atLeast(wanted: number, count: () => Promise<number>, limitMs: number): Promise<number> {
    const deadline = performance.now() + limitMs
    await eventually(async () => (await count()) >= wanted || performance.now() > deadline)
    return count()
  }

  for (const { name, aheadMs, make, mend } of TROUBLES) {
    it(`when events for ${name} arrive once a second`, async () => {
      const index = indexOf(Date.now() + aheadMs)
      const healthyDocuments = () => documents((one) => one !== index)
      const healthy = new Load(pipeline.publicUrl, HEALTHY)
      await sleep(SETTLING_MS.without)
      await untilKeptUp(healthy, healthyDocuments)
      const without = await perSecond(healthyDocuments, MEASURED_MS.without)
      await make(pipeline, index)
      const troubled = new Load(pipeline.publicUrl, { ...TROUBLED, aheadMs })
      await sleep(SETTLING_MS.with)
      const during = await perSecond(healthyDocuments, MEASURED_MS.with)
      await healthy.stop()
      const { size } = healthy.accepted
      const missing = size - (await atLeast(size, healthyDocuments, LAST_STORED_MS))
      await troubled.stop()
      await mend(pipeline, index)
      await atLeast(size, healthyDocuments, MENDED_MS)
      const expected = troubled.accepted.size
      const late = expected - (await atLeast(expected, () => documents((one) => one === index), MENDED_MS))
      const stored = await pipeline.count()
      const twice = stored - size - expected
      say([name, size, Math.round(without), Math.round(during), missing, expected, late, twice])
      assert.deepEqual({ missing, late, twice }, { missing: 0, late: 0, twice: 0 })
      assert.ok(during >= LEAST_SHARE * without, `${during} events/s with the trouble, ${without} without`)
    })
  }
})
