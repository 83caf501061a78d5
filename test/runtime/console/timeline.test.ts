import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { countsOf, marksOf, type Sample, sampleOf } from '../../../runtime/console/timeline.ts'
import { processInfo } from '../../../runtime/process-info.ts'
import { answers, observation, partitions, reading, START_MS, WORKER } from './observations.ts'

const STORED = 'tracardi_worker_events_total{outcome="stored"}'
const ACCEPTED = 'tracardi_api_events_total{outcome="accepted"}'
const START_SECONDS = START_MS / 1000

const worker = (events: number, startedAtSeconds = START_SECONDS - 3600, version = '0.1.0', process = 'w-0:1') =>
  answers(
    `http://${process}`,
    reading('worker', {
      startedAtSeconds,
      counters: { [STORED]: events },
      gauges: { [`tracardi_process_info{process="${process}",version="${version}"}`]: 1 },
    }),
  )

describe('a sample of the history', () => {
  it('has the rates since the sample before, over processes that started again', () => {
    const api = (events: number) => answers('http://api:1', reading('api', { counters: { [ACCEPTED]: events } }))
    const before = countsOf(observation(0, { instances: [worker(1000), api(50)] }), 1)
    const later = observation(60, {
      instances: [
        worker(120, START_SECONDS + 10),
        worker(60, START_SECONDS + 20, '0.1.0', 'w-1:1'),
        worker(9999, START_SECONDS - 60, '0.1.0', 'unknown:1'),
        api(650),
        { url: WORKER, answer: { ok: false, reason: 'away' } },
      ],
      queue: partitions(3, 4),
    })
    const { acceptedPerSecond, storedPerSecond, backlogMessages } = sampleOf(later, before, 2)
    assert.deepEqual([acceptedPerSecond, storedPerSecond, backlogMessages], [10, 3, 7])
  })

  it('takes a counter that fell without a new start as no increase', () => {
    const before = countsOf(observation(0, { instances: [worker(1000)] }), 1)
    assert.equal(sampleOf(observation(60, { instances: [worker(900)] }), before, 2).storedPerSecond, 0)
  })

  it('knows no rate at first, after more than 5 minutes, of programs that do not answer, and of clocks that went back', () => {
    const seen = (seconds: number) => observation(seconds, { instances: [worker(1000)] })
    const before = countsOf(seen(0), 1)
    assert.equal(sampleOf(seen(60), undefined, 2).storedPerSecond, null)
    assert.equal(sampleOf(seen(300), before, 2).storedPerSecond, 0)
    assert.equal(sampleOf(seen(301), before, 2).storedPerSecond, null)
    assert.equal(sampleOf(seen(0), before, 2).storedPerSecond, null)
    assert.equal(sampleOf(seen(60), before, 2).acceptedPerSecond, null)
    const queue = { ok: false, reason: 'away' } as const
    assert.equal(sampleOf(observation(60, { queue }), before, 2).backlogMessages, null)
  })

  it('names what ran, and what started within 15 minutes', () => {
    const sample = sampleOf(
      observation(0, { instances: [worker(1, START_SECONDS - 899), worker(1, START_SECONDS - 900, '0.1.0', 'w-1:1')] }),
      undefined,
      2,
    )
    assert.deepEqual(sample.versions, ['worker 0.1.0'])
    assert.deepEqual(sample.starts, [
      { process: 'w-0:1', program: 'worker', version: '0.1.0', atMs: START_MS - 899_000 },
    ])
  })

  it('distinguishes the images of one version', () => {
    const versionsOf = (image: string) => {
      const info = `tracardi_process_info{process="w-0:1",version="0.1.0",image="${image}"}`
      const one = answers(WORKER, reading('worker', { gauges: { [info]: 1 } }))
      return sampleOf(observation(0, { instances: [one] }), undefined, 1).versions
    }
    assert.deepEqual(versionsOf('localhost:5000/runtime@sha256:5c8acc9750ee61ad946a'), ['worker 0.1.0 5c8acc9750ee'])
    assert.deepEqual(versionsOf('localhost:5000/runtime:0.1.0-rc'), ['worker 0.1.0 runtime:0.1.0-rc'])
    assert.deepEqual(versionsOf(''), ['worker 0.1.0'])
  })

  it('counts a process of a release that does not say what it is, by its address', () => {
    const old = (events: number) => answers(WORKER, reading('worker', { counters: { [STORED]: events } }))
    const none = answers('http://w-9', reading('worker'))
    const before = countsOf(observation(0, { instances: [old(10), none] }), 1)
    const sample = sampleOf(observation(10, { instances: [old(60), none] }), before, 2)
    assert.equal(sample.storedPerSecond, 5)
    assert.deepEqual(sample.versions, ['worker '])
  })
})

describe('the marks of the history', () => {
  const sample = (seconds: number, versions: readonly string[], ...starts: Sample['starts'][number][]): Sample => ({
    minute: seconds / 60,
    atMs: START_MS + seconds * 1000,
    ...{ acceptedPerSecond: 0, storedPerSecond: 0, backlogMessages: 0 },
    versions,
    starts,
  })
  const start = (process: string, seconds: number, version: string) =>
    ({ process, program: 'worker', version, atMs: START_MS + seconds * 1000 }) as const

  it('are one for the starts of a minute, however many samples have them, and distinguish a deployment from a restart', () => {
    const [one, two, restarted, other] = [
      start('a:1', 65, '2'),
      start('b:1', 70, '2'),
      start('a:1', 200, '2'),
      start('c:1', 320, '2'),
    ]
    const samples = [
      sample(0, ['worker 1'], start('old:1', -10, '1')),
      sample(120, ['worker 2'], two, one),
      sample(180, ['worker 2'], one, two),
      sample(240, ['worker 2'], restarted),
      sample(360, ['api 1', 'worker 2'], other),
    ]
    assert.deepEqual(
      marksOf(samples).map(({ atMs, kind, version, processes }) => [
        (atMs - START_MS) / 1000,
        kind,
        version,
        processes,
      ]),
      [
        [-10, 'started', '1', 1],
        [65, 'deployed', '2', 2],
        [200, 'started', '2', 1],
        [320, 'started', '2', 1],
      ],
    )
  })
})

describe('the metric by which a process is known', () => {
  it('has host, process id, version and image', async () => {
    const registry = new Registry()
    processInfo(registry, { runtimeImage: 'registry/runtime@sha256:abc' })
    assert.match(
      await registry.metrics(),
      /tracardi_process_info\{process="[^"]+:\d+",version="\d+\.\d+\.\d+",image="registry\/runtime@sha256:abc"\} 1/,
    )
  })
})
