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
    assert.deepEqual([data?.pods, data?.diskGib, Math.round(data?.disks ?? 0)], [3, 6303, 630])
    const sum = bill.tiers.reduce((total, { month }) => total + month, 0)
    assert.ok(Math.abs(bill.month - sum - bill.traffic.month) < 1e-6)
    // 800 events/s of 1,080 bytes with their states, over 3 + 3 hops of which two thirds cross, and one replica.
    assert.equal(Math.round(bill.traffic.gib), 10_581)
    assert.equal(Math.round(bill.traffic.month), 106)
  })

  it('has no traffic where there is one zone, or no load', () => {
    assert.equal(billOf(planOf(changed('production', { platform: { zones: [] } })), PRICES).traffic.gib, 0)
    assert.equal(billOf(planOf(changed('dev')), DEFAULT_PRICES).traffic.gib, 0)
  })
})
