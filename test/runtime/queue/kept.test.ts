import assert from 'node:assert/strict'
import type { KeptLedgers, PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { CLOCK_MARGIN_MS, entriesBetween, keptOf } from '../../../runtime/queue/kept.ts'
import type { Position } from '../../../runtime/queue/position.ts'

const TOPIC = 'persistent://a/b/c'
const at = (ledger: number, entry: number): Position => ({ ledger, entry })
/** Ledgers 3 and 7 are closed, 9 is written to. */
const LEDGERS: KeptLedgers = {
  ledgers: [
    { id: 3, entries: 10 },
    { id: 7, entries: 5 },
    { id: 9, entries: 2 },
  ],
  last: at(9, 1),
}
const EMPTY: KeptLedgers = { ledgers: [{ id: 4, entries: 0 }], last: at(4, -1) }

interface Partition {
  readonly kept: KeptLedgers
  readonly earliestMs?: number
  readonly positions?: Readonly<Record<number, Position>>
}

function adminOf(partitions: readonly Partition[], count: number | undefined = partitions.length): PulsarAdmin {
  const of = (name: string) => partitions[Number(/\d+$/.exec(name)?.[0] ?? 0)] as Partition
  return {
    partitions: async () => count,
    keptLedgers: async (name: string) => of(name).kept,
    earliestPublishedAtMs: async (name: string) => of(name).earliestMs,
    positionAt: async (name: string, timeMs: number) =>
      of(name).positions?.[timeMs] ?? assert.fail(`not asked: ${timeMs}`),
  } as unknown as PulsarAdmin
}

describe('what Pulsar keeps of a topic', () => {
  it('is all from the first ledger to the end of the topic where no time is asked for', async () => {
    const kept = await keptOf(adminOf([{ kept: LEDGERS, earliestMs: 1000 }]), TOPIC, {})
    assert.deepEqual(kept, {
      parts: [{ partition: `${TOPIC}-partition-0`, first: at(3, 0), last: at(9, 1), entries: 17 }],
      sinceMs: 1000,
    })
  })

  it('is looked for further to both sides of a time, for clocks that differ', async () => {
    const [fromMs, toMs] = [10_000_000, 20_000_000]
    const positions = { [fromMs - CLOCK_MARGIN_MS]: at(3, 8), [toMs + CLOCK_MARGIN_MS]: at(9, 0) }
    const { parts } = await keptOf(adminOf([{ kept: LEDGERS, earliestMs: 1, positions }]), TOPIC, { fromMs, toMs })
    assert.deepEqual(parts, [{ partition: `${TOPIC}-partition-0`, first: at(3, 8), last: at(9, -1), entries: 7 }])
  })

  it('ends at the end of the topic for a time after it, and begins with what is kept for a time before', async () => {
    const toMs = 20_000_000
    const positions = { 0: at(3, 0), [toMs + CLOCK_MARGIN_MS]: at(9, 2) }
    const { parts } = await keptOf(adminOf([{ kept: LEDGERS, earliestMs: 1, positions }]), TOPIC, { fromMs: 1, toMs })
    assert.deepEqual(parts, [{ partition: `${TOPIC}-partition-0`, first: at(3, 0), last: at(9, 1), entries: 17 }])
  })

  it('is whole since the latest of what the partitions keep first, and omits those that keep nothing', async () => {
    const admin = adminOf([{ kept: LEDGERS, earliestMs: 1000 }, { kept: EMPTY }, { kept: LEDGERS, earliestMs: 3000 }])
    const { parts, sinceMs } = await keptOf(admin, TOPIC, {})
    assert.deepEqual(
      parts.map(({ partition }) => partition),
      [`${TOPIC}-partition-0`, `${TOPIC}-partition-2`],
    )
    assert.equal(sinceMs, 3000)
    assert.deepEqual(await keptOf(adminOf([{ kept: EMPTY }]), TOPIC, {}), { parts: [], sinceMs: undefined })
  })

  it('is that of the topic itself where it has no partitions, and nothing where there is no topic', async () => {
    const { parts } = await keptOf(adminOf([{ kept: LEDGERS, earliestMs: 1 }], 0), TOPIC, {})
    assert.deepEqual(
      parts.map(({ partition }) => partition),
      [TOPIC],
    )
    const missing = { partitions: async () => undefined } as unknown as PulsarAdmin
    await assert.rejects(keptOf(missing, TOPIC, {}), { code: 'set_up_missing' })
  })
})

describe('the entries between two positions', () => {
  const between = (first: Position, last: Position) => entriesBetween(LEDGERS.ledgers, first, last)

  it('are counted over ledgers, both ends included', () => {
    assert.equal(between(at(3, 0), at(9, 1)), 17)
    assert.equal(between(at(3, 9), at(7, 0)), 2)
    assert.equal(between(at(7, 4), at(7, 4)), 1)
  })

  it('are none after the end, and none of ledgers that are gone', () => {
    assert.equal(between(at(9, 2), at(9, 1)), 0)
    assert.equal(between(at(1, 0), at(2, 50)), 0)
    assert.equal(between(at(7, 0), at(7, 99)), 5)
  })
})
