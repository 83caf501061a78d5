import assert from 'node:assert/strict'
import { billOf } from '../../infra/bill.ts'
import { causesOf } from '../../infra/causes.ts'
import { withoutRunning } from '../../infra/choices.ts'
import { planOf } from '../../infra/config/plan.ts'
import { DEFAULT_PRICES } from '../../infra/sizing/prices.ts'
import { changed } from '../support/stack.ts'

describe('the causes of a bill', () => {
  const raw = changed('production', { load: { peakEventsPerSecond: 20_000, retentionDays: 90 } })
  const causes = causesOf(raw, DEFAULT_PRICES)

  it('are all of it together, as a new stack', () => {
    const sum = causes.reduce((total, { month }) => total + month, 0)
    assert.ok(Math.abs(sum - billOf(planOf(withoutRunning(raw)), DEFAULT_PRICES).month) < 1e-6)
  })

  it('are each what the thing they are named after adds', () => {
    const of = (what: string, changes: object) => {
      const other = causesOf(
        changed('production', { load: { peakEventsPerSecond: 20_000, retentionDays: 90, ...changes } }),
        DEFAULT_PRICES,
      )
      return other.find((cause) => cause.what === what)?.month
    }
    assert.equal(of('room for the loss of a node or zone', { surviveNode: false, surviveZone: false }), 0)
    assert.equal(of('sessions and profiles', { stateDays: 1 }), 0)
    assert.equal(of('older events', { retentionDays: 8 }), 0)
    assert.ok(causes.every(({ month }) => month > 0))
    // Also where they expire: their disks are not those of the peak.
    const expiring = causesOf(
      changed('production', {
        load: { peakEventsPerSecond: 20_000, retentionDays: 90 },
        runtime: { SESSION_RETENTION_DAYS: 30 },
      }),
      DEFAULT_PRICES,
    )
    assert.deepEqual(expiring.slice(0, 3), causes.slice(0, 3))
    assert.ok((expiring[3]?.month ?? 0) < (causes[3]?.month ?? 0))
  })

  it('are none where no load is stated, or no stack could be sized', () => {
    assert.deepEqual(causesOf(changed('dev'), DEFAULT_PRICES), [])
    assert.deepEqual(causesOf({ load: { peakEventsPerSecond: -1 } }, DEFAULT_PRICES), [])
  })
})
