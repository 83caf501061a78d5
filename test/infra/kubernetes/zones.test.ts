import assert from 'node:assert/strict'
import fc from 'fast-check'
import { setName, shares } from '../../../infra/kubernetes/zones.ts'

const zones = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), { minLength: 1, maxLength: 8 })
const replicas = fc.integer({ min: 0, max: 500 })

describe('the shares of the zones', () => {
  it('are the whole number without zones, and none for no pods', () => {
    assert.deepEqual(shares(5, []), [{ replicas: 5 }])
    assert.deepEqual(shares(0, []), [])
    assert.deepEqual(shares(0, ['a', 'b']), [])
  })

  it('give the first zones one more', () => {
    assert.deepEqual(shares(5, ['a', 'b', 'c']), [
      { zone: 'a', replicas: 2 },
      { zone: 'b', replicas: 2 },
      { zone: 'c', replicas: 1 },
    ])
  })

  it('omit the zones that get none', () => {
    assert.deepEqual(shares(1, ['a', 'b', 'c']), [{ zone: 'a', replicas: 1 }])
  })

  it('add up, and differ by one at most', () => {
    fc.assert(
      fc.property(replicas, zones, (count, names) => {
        const counts = shares(count, names).map((share) => share.replicas)
        assert.equal(
          counts.reduce((sum, one) => sum + one, 0),
          count,
        )
        const all = [...counts, ...Array<number>(names.length - counts.length).fill(0)]
        assert.ok(Math.max(...all) - Math.min(...all) <= 1)
      }),
    )
  })

  it('never shrink when there are more pods', () => {
    fc.assert(
      fc.property(replicas, replicas, zones, (count, more, names) => {
        const grown = new Map(shares(count + more, names).map((share) => [share.zone, share.replicas]))
        for (const share of shares(count, names)) assert.ok((grown.get(share.zone) ?? 0) >= share.replicas)
      }),
    )
  })

  it('keep the names of their sets when a zone is added at the end', () => {
    fc.assert(
      fc.property(replicas, replicas, zones, (count, more, names) => {
        const now = shares(count, names).map((share) => setName('bookkeeper', share))
        const then = shares(count + more, [...names, 'one-more-zone']).map((share) => setName('bookkeeper', share))
        assert.deepEqual(then.slice(0, now.length), now)
      }),
    )
  })

  it('name their sets by tier and zone', () => {
    assert.equal(setName('bookkeeper', { zone: 'eu-1a', replicas: 1 }), 'bookkeeper-eu-1a')
    assert.equal(setName('bookkeeper', { replicas: 1 }), 'bookkeeper')
  })
})
