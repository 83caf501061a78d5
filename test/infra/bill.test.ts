import assert from 'node:assert/strict'
import { billOf } from '../../infra/bill.ts'
import { planOf } from '../../infra/config/plan.ts'
import { DEFAULT_PRICES, type Prices, podMonth } from '../../infra/sizing/prices.ts'
import { changed } from '../support/stack.ts'

const PRICES: Prices = {
  currency: 'EUR',
  of: 'a test',
  machines: [
    { name: 'general', coreMonth: 20, memoryGibPerCore: 4 },
    { name: 'memory', coreMonth: 30, memoryGibPerCore: 8 },
  ],
  usablePart: 0.5,
  diskGibMonth: 0.1,
  warmDiskGibMonth: 0.05,
  objectGibMonth: 0.02,
  zoneTrafficGib: 0.01,
}

describe('a month of a pod', () => {
  it('is on the cheapest family of machines, by its cores or its memory, of what pods may request', () => {
    assert.equal(podMonth(PRICES, 2, 8), 80)
    assert.equal(podMonth(PRICES, 1, 16), 120)
    assert.equal(podMonth(PRICES, 4, 1), 160)
  })
})

describe('the bill of a stack', () => {
  const bill = billOf(planOf(changed('production')), PRICES)

  it('is the machines and disks of each tier, and what crosses from zone to zone', () => {
    const data = bill.tiers.find(({ tier }) => tier === 'elasticsearch-data')
    assert.deepEqual([data?.pods, data?.diskGib, Math.round(data?.disks ?? 0)], [3, 6480, 648])
    const sum = bill.tiers.reduce((total, { month }) => total + month, 0)
    assert.ok(Math.abs(bill.month - sum - bill.traffic.month) < 1e-6)
    // 800 events/s of 1,080 bytes with their states: 0.44 of it over 2 + 3 hops, all of it over one, of which two thirds cross, and
    // 0.44 of it to one replica.
    assert.equal(Math.round(bill.traffic.gib), 5445)
    assert.equal(Math.round(bill.traffic.month), 54)
  })

  it('has what snapshots take, where they are kept', () => {
    assert.deepEqual(bill.snapshots, { gib: 0, month: 0 })
    const { snapshots, month } = billOf(planOf(changed('production', { load: { snapshotDays: 14 } })), PRICES)
    // 55.3 GB a day for 31 and 14 days, and 299 GB of sessions and profiles, a third more for what was merged since.
    assert.deepEqual([Math.round(snapshots.gib), Math.round(snapshots.month)], [3374, 67])
    assert.ok(Math.abs(month - bill.month - snapshots.month) < 1e-6)
    assert.equal(billOf(planOf(changed('dev', { load: { snapshotDays: 14 } })), PRICES).snapshots.gib, 0)
  })

  it('has cheaper disks for warm nodes', () => {
    const { tiers } = billOf(planOf(changed('production', { load: { warmTier: true } })), PRICES)
    const warm = tiers.find(({ tier }) => tier === 'elasticsearch-warm')
    assert.equal(warm?.disks, (warm?.diskGib ?? 0) * 0.05)
    assert.ok((warm?.diskGib ?? 0) > 0)
  })

  it('has no traffic where there is one zone, or no load', () => {
    assert.equal(billOf(planOf(changed('production', { platform: { zones: [] } })), PRICES).traffic.gib, 0)
    assert.equal(billOf(planOf(changed('dev')), DEFAULT_PRICES).traffic.gib, 0)
  })
})
