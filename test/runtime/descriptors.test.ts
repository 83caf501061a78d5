import assert from 'node:assert/strict'
import { descriptorLimit, maxConnections } from '../../runtime/descriptors.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95000                95000                processes
Max open files            300                  4096                 files
`

describe('the maximum number of connections', () => {
  it('is what descriptors allow, with 100 left for everything else', () => {
    assert.equal(maxConnections(0, 300), 200)
    assert.equal(maxConnections(0, 10_099), 9999)
  })

  it('is 10,000 where more is possible, or where nobody knows what is', () => {
    assert.equal(maxConnections(0, 1_048_576), 10_000)
    assert.equal(maxConnections(0, undefined), 10_000)
  })

  it('is what is stated, where that is possible', () => {
    assert.equal(maxConnections(50_000, 1_048_576), 50_000)
    assert.equal(maxConnections(50_000, undefined), 50_000)
    assert.equal(maxConnections(500, 300), 200)
  })

  it('is never nothing', () => assert.equal(maxConnections(0, 64), 10))

  it('comes from the limit of the process', () => {
    assert.equal(
      descriptorLimit(() => LIMITS),
      300,
    )
    assert.equal(
      descriptorLimit(() => LIMITS.replace('300 ', 'unlimited')),
      undefined,
    )
    assert.equal(
      descriptorLimit(() => {
        throw new Error('no such file')
      }),
      undefined,
    )
    if (process.platform === 'linux') assert.ok((descriptorLimit() ?? 0) > 0)
  })
})
