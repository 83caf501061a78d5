import assert from 'node:assert/strict'
import { compare, eventId, NumberSet } from '../../../runtime/load-test/comparison.ts'
import { LatencyHistogram } from '../../../runtime/load-test/latency.ts'

const RUN = '0a1b2c3d4e'
const ids = (...numbers: number[]) => numbers.map((number) => eventId(RUN, number, 1_800_000_000_000 + number))

function setOf(...numbers: number[]): NumberSet {
  const set = new NumberSet()
  for (const number of numbers) set.add(number)
  return set
}

describe('NumberSet', () => {
  it('knows what was added, once, also far beyond its first size', () => {
    const set = setOf(0, 9, 3_000_000)
    assert.equal(set.add(9), false)
    assert.equal(set.add(10), true)
    assert.deepEqual([...set], [0, 9, 10, 3_000_000])
    assert.equal(set.size, 4)
    assert.ok(set.has(3_000_000))
    assert.ok(!set.has(1))
    assert.ok(!set.has(4_000_000))
  })
})

describe('the comparison', () => {
  it('finds nothing if everything is stored once', async () => {
    assert.deepEqual(await compare(RUN, setOf(0, 1, 2), ids(2, 0, 1)), {
      accepted: 3,
      stored: 3,
      lost: 0,
      twice: 0,
      storedWithout200: 0,
      examples: { lost: [], twice: [] },
    })
  })

  it('counts lost events, events stored twice and unacknowledged ones, and ignores ids of others', async () => {
    const foreign = eventId('ffffffffff', 1, 1_800_000_000_000)
    assert.deepEqual(await compare(RUN, setOf(0, 1, 2, 5), [...ids(1, 2, 7), foreign, ...ids(2, 2)]), {
      accepted: 4,
      stored: 5,
      lost: 2,
      twice: 1,
      storedWithout200: 1,
      examples: { lost: [0, 5], twice: [2] },
    })
  })

  it('names ten at most', async () => {
    const accepted = setOf(...Array.from({ length: 25 }, (_, number) => number))
    const { lost, examples } = await compare(RUN, accepted, [])
    assert.equal(lost, 25)
    assert.deepEqual(examples.lost, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})

describe('LatencyHistogram', () => {
  it('reports percentiles to one in a hundred, and the longest exactly', () => {
    const histogram = new LatencyHistogram()
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms)
    const { p50 = 0, p90 = 0, p99 = 0, p999 = 0, max } = histogram.quantiles() ?? {}
    for (const [found, exact] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
      [p999, 999],
    ] as const) {
      assert.ok(found >= exact && found <= exact * 1.01, `${found} for ${exact}`)
    }
    assert.equal(max, 1000)
  })

  it('has none until one is counted, and after it was cleared', () => {
    const histogram = new LatencyHistogram()
    assert.equal(histogram.quantiles(), undefined)
    histogram.add(0)
    assert.deepEqual(histogram.quantiles(), { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 })
    histogram.clear()
    assert.equal(histogram.quantiles(), undefined)
  })

  it('takes what is longer than an hour as its last bucket', () => {
    const histogram = new LatencyHistogram()
    histogram.add(10_000_000)
    assert.equal(histogram.quantiles()?.max, 10_000_000)
    assert.ok((histogram.quantiles()?.p50 ?? 0) >= 3_600_000)
  })
})
