import assert from 'node:assert/strict'
import { Meter } from '../../../runtime/load-test/drive.ts'
import { type SampleReaders, Sampler } from '../../../runtime/load-test/sampler.ts'
import type { NodeReadings } from '../../../runtime/load-test/samples.ts'
import { type Reading, type Readings, readingOf } from '../../../runtime/telemetry/counters.ts'

const NO_NODES: NodeReadings = new Map()

/** One instance of the API that has accepted that many events. */
function apiWith(events: number): Readings {
  const text = `tracardi_api_events_total{outcome="accepted"} ${events}`
  return new Map([['http://api:8686', readingOf(text, performance.now()) as Reading]])
}

describe('the samples', () => {
  const sources = (
    instances: SampleReaders['instances'],
    backlogMessages: SampleReaders['backlogMessages'] = async () => 5,
  ) => ({
    instances,
    backlogMessages,
    nodes: async () => NO_NODES,
  })

  it('make an interval of each two, that follow each other without a gap', async () => {
    const events = [100, 200, 300]
    const meter = new Meter()
    const sampler = await Sampler.start(
      sources(async () => apiWith(events.shift() ?? 0)),
      meter,
    )
    meter.sent(3, 300, 0)
    const [first, second] = [await sampler.take('ramp'), await sampler.take('plateau')]
    assert.deepEqual([first.api?.events, second.api?.events], [100, 100])
    assert.deepEqual([first.load.sent, second.load.sent], [3, 0])
    assert.deepEqual([first.phase, second.phase], ['ramp', 'plateau'])
    assert.equal(first.toSeconds, second.fromSeconds)
    assert.equal(first.backlogMessages, 5)
    assert.deepEqual(sampler.intervals, [first, second])
  })

  it('omit what does not answer for a while, and count it from the last time that it did', async () => {
    const answers = [async () => apiWith(100), async () => Promise.reject(new Error('away')), async () => apiWith(400)]
    const backlog = [async () => 1, async () => Promise.reject(new Error('away')), async () => 2]
    const next =
      <T>(of: (() => Promise<T>)[]) =>
      async () =>
        (of.shift() ?? assert.fail)()
    const sampler = await Sampler.start(sources(next<Readings>(answers), next<number>(backlog)), new Meter())
    const away = await sampler.take('plateau')
    assert.deepEqual([away.api, away.backlogMessages], [undefined, undefined])
    const back = await sampler.take('plateau')
    assert.deepEqual([back.api?.events, back.backlogMessages], [300, 2])
  })

  it('do not begin where something is missing from the start', async () => {
    const failing = sources(async () => Promise.reject(new Error('no such host')))
    await assert.rejects(Sampler.start(failing, new Meter()), /no such host/)
  })
})
