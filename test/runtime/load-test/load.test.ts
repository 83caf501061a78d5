import assert from 'node:assert/strict'
import {
  callEvents,
  dueCalls,
  type LoadPlan,
  MEAN_CALL_EVENTS,
  mixedSize,
  phaseAt,
  rampSeconds,
  rateAt,
  seeded,
  zipf,
} from '../../../runtime/load-test/calls.ts'
import { eventId, numberOf } from '../../../runtime/load-test/comparison.ts'
import { timeInId } from '../../../runtime/search/indices.ts'

const RUN = '0a1b2c3d4e'

describe('the curve of arrivals', () => {
  const minute = { eventsPerSecond: 1000, seconds: 60 }

  it('rises for a tenth of the time, a minute at most, from a tenth of the rate', () => {
    assert.equal(rampSeconds(minute), 6)
    assert.equal(rampSeconds({ ...minute, seconds: 7200 }), 60)
    assert.deepEqual(
      [0, 3, 6, 25].map((at) => rateAt(minute, at)),
      [100, 550, 1000, 1000],
    )
  })

  it('has bursts of half as much again, five seconds of every minute', () => {
    const long = { eventsPerSecond: 1000, seconds: 600 }
    const bursts = Array.from({ length: 600 }, (_, second) => second).filter((at) => phaseAt(long, at) === 'burst')
    assert.deepEqual(bursts.slice(0, 6), [80, 81, 82, 83, 84, 140])
    assert.equal(bursts.length, 45)
    assert.equal(rateAt(long, 80), 1500)
    assert.equal(phaseAt(long, 59), 'ramp')
    assert.equal(phaseAt(long, 79), 'plateau')
  })
})

describe('the mix', () => {
  it('has calls of 1 to 100 events, most of them small', () => {
    const random = seeded(1)
    const calls = Array.from({ length: 20_000 }, () => callEvents(random))
    assert.equal(Math.min(...calls), 1)
    assert.equal(Math.max(...calls), 100)
    assert.equal(MEAN_CALL_EVENTS.toFixed(3), '11.200')
    assert.equal((calls.reduce((sum, events) => sum + events, 0) / calls.length).toFixed(1), '11.2')
    assert.equal(
      callEvents(() => 0.999_999_999_999_999_9),
      100,
    )
  })

  it('has events of three sizes', () => {
    assert.deepEqual(
      [0, 0.25, 0.9].map((at) => mixedSize(() => at)),
      ['small', 'usual', 'large'],
    )
  })

  it('chooses the first profile twice as often as the second', () => {
    const choose = zipf(3)
    // Of 1 + 1/2 + 1/3 = 11/6 the first has 6/11, the second 3/11.
    assert.deepEqual(
      [0, 0.54, 0.55, 0.81, 0.82, 0.999].map((at) => choose(() => at)),
      [0, 0, 1, 1, 2, 2],
    )
    assert.equal(
      zipf(1)(() => 0.5),
      0,
    )
  })
})

describe('the ids', () => {
  it('are UUIDv7 of their time that contain load test and number', () => {
    const id = eventId(RUN, 4_000_000_001, 1_800_000_000_000)
    assert.equal(id, '01a3185c-5000-70a1-8b2c-3d4eee6b2801')
    assert.equal(timeInId(id), 1_800_000_000_000)
    assert.equal(numberOf(RUN, id), 4_000_000_001)
  })

  it('of others are known as such', () => {
    const id = eventId(RUN, 7, 1_800_000_000_000)
    for (const other of ['fa1b2c3d4e', '0a1b2f3d4e', '0a1b2c3d4f']) assert.equal(numberOf(other, id), undefined)
    assert.equal(numberOf(RUN, 'short'), undefined)
    assert.equal(numberOf(RUN, `${id.slice(0, 28)}zzzzzzzz`), undefined)
  })
})

describe('the calls', () => {
  const plan: LoadPlan = {
    run: RUN,
    source: 'shop',
    curve: { eventsPerSecond: 500, seconds: 20 },
    profiles: 100,
    eventsPerCall: 0,
    eventSize: 'mixed',
  }

  it('are the same for the same seed, and others for another', () => {
    const made = (seed: number) =>
      [...dueCalls(plan, seeded(seed))].slice(0, 20).map((call) => call.make(1_800_000_000_000))
    assert.deepEqual(made(1), made(1))
    assert.notDeepEqual(made(1), made(2))
  })

  it('are due in order until the end', () => {
    const calls = [...dueCalls(plan, seeded(3))]
    for (const [index, call] of calls.entries()) assert.ok(index === 0 || call.dueMs >= (calls[index - 1]?.dueMs ?? 0))
    assert.ok((calls.at(-1)?.dueMs ?? 0) < 20_000)
  })

  it('have all the same size where that is asked, at the same rate of events', () => {
    const calls = [...dueCalls({ ...plan, eventsPerCall: 50 }, seeded(3))]
    assert.deepEqual([...new Set(calls.map(({ events }) => events))], [50])
    const mixed = [...dueCalls(plan, seeded(3))].reduce((sum, { events }) => sum + events, 0)
    assert.ok(Math.abs((calls.length * 50) / mixed - 1) < 0.2)
  })

  it('carry as many events as the curve has, but for chance', () => {
    const curve = { eventsPerSecond: 3000, seconds: 300 }
    const events = [...dueCalls({ ...plan, curve }, seeded(6))].reduce((sum, call) => sum + call.events, 0)
    const due = Array.from({ length: 3000 }, (_, tenth) => rateAt(curve, tenth / 10) / 10).reduce((a, b) => a + b)
    assert.ok(Math.abs(events / due - 1) < 0.02, `${events} of ${due}`)
  })

  it('number their events without a gap, and mark them with the load test', () => {
    let next = 0
    for (const due of dueCalls(plan, seeded(4))) {
      assert.equal(due.firstNumber, next)
      next += due.events
      const call = due.make(1_800_000_000_000)
      assert.equal(call.events.length, due.events)
      assert.deepEqual(
        call.events.map(({ id }) => numberOf(RUN, id)),
        call.events.map((_, index) => due.firstNumber + index),
      )
      for (const { properties } of call.events as unknown as { properties: Record<string, unknown> }[]) {
        assert.equal(properties['loadTest'], RUN)
      }
      assert.match(call.session?.id ?? '', /^load-test-0a1b2c3d4e-\d{1,2}$/)
      assert.deepEqual(call.profile, call.session)
    }
  })

  it('have events of about 590 bytes, texts among them, or all of one size', () => {
    const meanBytes = (eventSize: LoadPlan['eventSize']) => {
      const calls = [...dueCalls({ ...plan, eventSize }, seeded(5))]
      const events = calls.flatMap((call) => call.make(1_800_000_000_000).events)
      return Math.round(events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / events.length)
    }
    assert.deepEqual((['mixed', 'small', 'usual', 'large'] as const).map(meanBytes), [585, 181, 528, 2038])
  })
})
