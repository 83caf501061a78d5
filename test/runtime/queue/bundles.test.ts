import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { AppError } from '../../../runtime/errors.ts'
import { bundlesFor, topicSetUpOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { bundlesToSplit, ensureBundles } from '../../../runtime/queue/bundles.ts'

const QUARTERS = [
  '0x00000000_0x40000000',
  '0x40000000_0x80000000',
  '0x80000000_0xc0000000',
  '0xc0000000_0xffffffff',
] as const

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`

function halves(range: string): readonly string[] {
  const [begin = 0, end = 0] = range.split('_').map(Number)
  const middle = begin + Math.ceil((end - begin) / 2)
  return [`${hex(begin)}_${hex(middle)}`, `${hex(middle)}_${hex(end)}`]
}

/** A Pulsar that splits ranges in halves, unless a split is refused. */
function pulsarWith(start: readonly string[], refusal: (split: number) => Error | undefined = () => undefined) {
  let ranges = [...start]
  const asked: string[] = []
  const admin = {
    bundles: async (namespace: string) => {
      assert.equal(namespace, 'tracardi/system')
      return ranges
    },
    splitBundle: async (_namespace: string, range: string) => {
      asked.push(range)
      const error = refusal(asked.length)
      if (error) throw error
      ranges = ranges.flatMap((one) => (one === range ? halves(one) : [one]))
    },
  } as unknown as PulsarAdmin
  const ensured = async (wanted: number) => {
    const topics = topicSetUpOf(loadConfig({ PULSAR_BUNDLES: String(wanted) }))
    return (await ensureBundles(admin, topics, 0)).state
  }
  return { ensured, asked, ranges: () => ranges }
}

describe('bundlesFor', () => {
  it('is the next power of two from 10 bundles for each broker, within what PULSAR_BUNDLES takes', () => {
    const counts = [0, 1, 2, 3, 4, 6, 7, 12, 13, 51, 102, 103, 1000].map(bundlesFor)
    assert.deepEqual(counts, [16, 16, 32, 32, 64, 64, 128, 128, 256, 512, 1024, 1024, 1024])
  })
})

describe('bundlesToSplit', () => {
  it('are those of the largest hash range, and no more than are missing', () => {
    assert.deepEqual(bundlesToSplit(QUARTERS, 16), QUARTERS.slice(0, 3))
    assert.deepEqual(bundlesToSplit(['0x00000000_0x80000000', ...QUARTERS.slice(2)], 16), ['0x00000000_0x80000000'])
    assert.deepEqual(bundlesToSplit(QUARTERS, 5), [QUARTERS[0]])
    assert.deepEqual(bundlesToSplit(QUARTERS, 4), [])
    assert.deepEqual(bundlesToSplit(QUARTERS, 2), [])
  })
})

describe('the bundles that set-up makes', () => {
  it('are split until there are as many as configured, into ranges of about one size', async () => {
    const pulsar = pulsarWith(QUARTERS)
    assert.equal(await pulsar.ensured(16), 'grown')
    assert.equal(pulsar.ranges().length, 16)
    assert.equal(pulsar.asked.length, 12)
    const sizes = pulsar.ranges().map((range) => {
      const [begin = 0, end = 0] = range.split('_').map(Number)
      return end - begin
    })
    assert.deepEqual([Math.min(...sizes), Math.max(...sizes)], [0x0fffffff, 0x10000000])
  })

  it('are left alone where there are as many, or more: they are never merged', async () => {
    const pulsar = pulsarWith(QUARTERS.flatMap(halves))
    assert.equal(await pulsar.ensured(8), 'exists')
    assert.equal(await pulsar.ensured(4), 'exists')
    assert.deepEqual(pulsar.asked, [])
  })

  it('are split again where a broker refused one, as it does while another set-up splits it', async () => {
    const busy = new AppError('queue_admin', 'Pulsar answered 412')
    const pulsar = pulsarWith(QUARTERS, (split) => (split <= 4 ? busy : undefined))
    assert.equal(await pulsar.ensured(8), 'grown')
    assert.equal(pulsar.ranges().length, 8)
  })

  it('are reported as too few where Pulsar refuses', async () => {
    const refusal = new AppError('queue_admin', 'Pulsar answered 403')
    assert.equal(await pulsarWith(QUARTERS, () => refusal).ensured(8), 'differs')
  })

  it('end set-up on a fault that is none of Pulsar', async () => {
    await assert.rejects(pulsarWith(QUARTERS, () => new TypeError('bug')).ensured(8), TypeError)
  })
})
