import assert from 'node:assert/strict'
import { simulate } from '../../../bench/pool/simulate.ts'
import { CURVES, LIMITS } from '../../../bench/pool/table.ts'

function simulated(load: string, shards: number, byShard: boolean) {
  const arrivals = CURVES[load]
  assert.ok(arrivals)
  return simulate({ shards, arrivals, seconds: 2, byShard, limits: LIMITS })
}

describe('the pool, with simulated arrivals', () => {
  it('lets an event cost Elasticsearch no more with 24 shards than with one while it is busy', () => {
    const [one, many, asTheyCome] = [
      simulated('backlog', 1, true),
      simulated('backlog', 24, true),
      simulated('backlog', 24, false),
    ]
    assert.ok(many.workUsAnEvent < 1.05 * one.workUsAnEvent, `${many.workUsAnEvent} µs, ${one.workUsAnEvent} with one`)
    assert.ok(asTheyCome.workUsAnEvent > 1.3 * many.workUsAnEvent)
  })

  for (const load of ['trickle, 100/s', '10 %']) {
    it(`lets no event wait longer than in bulks as they come, at ${load}`, () => {
      for (const shards of [3, 12, 24]) {
        const [lanes, asTheyCome] = [simulated(load, shards, true), simulated(load, shards, false)]
        assert.deepEqual([lanes.waitP50Ms, lanes.waitP99Ms], [asTheyCome.waitP50Ms, asTheyCome.waitP99Ms])
      }
    })
  }

  it('keeps up with a load under which bulks as they come fall behind', () => {
    assert.ok(simulated('90 %', 24, true).waitP99Ms < simulated('90 %', 24, false).waitP99Ms)
  })
})
