import assert from 'node:assert/strict'
import { type LoadTestFlags, loadTestOptions } from '../../../runtime/commands/load-test.ts'
import { secondsOf } from '../../../runtime/commands/output.ts'
import { overheadOf, storedBytesPerEvent } from '../../../runtime/load-test/documents.ts'
import { readLoadTest } from '../../../runtime/load-test/record.ts'
import { isWhole, progress, summaryOf } from '../../../runtime/load-test/summary.ts'
import { sourceSuffix } from '../../../runtime/search/documents.ts'
import { intervalOf, loadTestOf } from '../../infra/load-test/cases.ts'

const FLAGS: LoadTestFlags = {
  target: 'http://localhost:8585/',
  eventsPerSecond: '2000',
  duration: '10m',
  source: 'my-source',
  profiles: '100',
  eventsPerCall: '0',
  eventSize: 'mixed',
  seed: '7',
  connections: '64',
  retrySeconds: '60',
  drainSeconds: '120',
}

describe('the options of a load test', () => {
  it('are read', () => {
    assert.deepEqual(loadTestOptions(FLAGS), {
      target: 'http://localhost:8585',
      eventsPerSecond: 2000,
      seconds: 600,
      metrics: [],
      source: 'my-source',
      profiles: 100,
      eventsPerCall: 0,
      eventSize: 'mixed',
      seed: 7,
      connections: 64,
      retrySeconds: 60,
      drainSeconds: 120,
      clean: false,
    })
  })

  it('look for the metrics of the run, or for those that are named; never at the default ports', () => {
    const run = { publicUrl: 'http://127.0.0.1:17585', instances: ['http://127.0.0.1:17686', 'http://127.0.0.1:44249'] }
    assert.deepEqual(loadTestOptions(FLAGS, run).metrics, run.instances)
    assert.deepEqual(loadTestOptions({ ...FLAGS, metrics: 'http://a:1, http://b:2' }).metrics, [
      'http://a:1',
      'http://b:2',
    ])
  })

  it('are refused with all faults together', () => {
    const { eventsPerSecond: _rate, ...rest } = FLAGS
    assert.throws(
      () =>
        loadTestOptions({ ...rest, duration: '5s', target: 'events', seed: '-1', profiles: '1.5', eventSize: 'huge' }),
      {
        code: 'command_invalid',
        message: [
          '--duration is "5s"; allowed: 10s to 24h, like 30s, 10m or 2h',
          '--target is "events"; allowed: a URL like http://host:8585',
          '--events-per-second is missing; allowed: a number from 1 to 1000000',
          '--profiles is "1.5"; allowed: a whole number from 1 to 10000000',
          '--event-size is "huge"; allowed: small, usual, large, mixed',
          '--seed is "-1"; allowed: a whole number from 0 to 4294967295',
        ].join('\n'),
      },
    )
  })
})

describe('durations', () => {
  it('are read in seconds, minutes and hours', () => {
    assert.deepEqual(['30s', '10m', '1.5h', '10', 'h', '-1s'].map(secondsOf), [
      30,
      600,
      5400,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('progress', () => {
  it('is one line of rates', () => {
    assert.equal(
      progress({ seconds: 600 }, intervalOf(74)),
      '1:15 of 10:00 plateau · sent 1,000/s · answered 1,000/s · p99 20 ms · stored 1,000/s · backlog 40 messages',
    )
  })

  it('reports what was given up, what is not known, and how draining continues', () => {
    const unknown = { worker: undefined, backlogMessages: undefined }
    const load = { ...intervalOf(0).load, failed: 12, latencyMs: undefined }
    assert.equal(
      progress({ seconds: 600 }, intervalOf(0, { ...unknown, load })),
      '0:01 of 10:00 plateau · sent 1,000/s · answered 1,000/s · given up 12 · backlog ? messages',
    )
    assert.equal(
      progress({ seconds: 600 }, intervalOf(601, { phase: 'drain' })),
      '10:02 draining · stored 1,000/s · backlog 40 messages',
    )
  })
})

describe('the summary', () => {
  it('reports what became of the events', () => {
    assert.deepEqual(summaryOf(loadTestOf()), [
      '30,000 events in 3,000 calls within 30 s; 30,000 got a 200 (200 × 3,000)',
      'lost 0, twice 0, of 30,000 compared with Elasticsearch by their ids',
      'latency from when a call was due: p50 5 ms, p90 8 ms, p99 20 ms, p99.9 30 ms, longest 40 ms',
      'the backlog was empty 12 s after the load',
    ])
    assert.ok(isWhole(loadTestOf()))
  })

  it('reports what went wrong', () => {
    const { total, comparison } = loadTestOf()
    const loadTest = loadTestOf({
      total: { ...total, failed: 50, firstRefusal: '503: busy', latencyMs: undefined, answers: {} },
      comparison: { ...comparison, lost: 3, storedWithout200: 4 },
      drainSeconds: null,
      notes: ['No private listener of a worker answered: name them with --metrics.'],
    })
    assert.deepEqual(summaryOf(loadTest).slice(0, 5), [
      '30,000 events in 3,000 calls within 30 s; 30,000 got a 200 (no answers)',
      '50 events were refused; the first refusal: 503: busy',
      'lost 3, twice 0, of 30,000 compared with Elasticsearch by their ids',
      '4 are stored although their call got no 200: nobody was promised those',
      'the backlog did not drain: what is not stored yet counts as lost',
    ])
    assert.ok(!isWhole(loadTest))
  })
})

describe('the record', () => {
  it('is found in a log', () => {
    const loadTest = loadTestOf()
    const log = `Load test …\n1:00 of 10:00\n${JSON.stringify(loadTest)}\nlost 0\n`
    assert.deepEqual(readLoadTest(log), JSON.parse(JSON.stringify(loadTest)))
  })

  it('is refused where there is none, where it was cut off, and of another format', () => {
    assert.throws(() => readLoadTest('a log'), { code: 'command_invalid', message: /^there is no load test in it/ })
    assert.throws(() => readLoadTest('{"loadTest":1,"run":'), { message: /is not JSON; was it cut off\?$/ })
    assert.throws(() => readLoadTest('{"loadTest":9}'), {
      message: 'the load test has the format 9; this version reads 1',
    })
  })
})

describe('the sizes of documents', () => {
  it('are what the pipeline adds to what the client sent', () => {
    const sent = { id: 'a', type: 't', time: { create: '2026-11-23T12:00:00.000Z' }, properties: { number: 1 } }
    const { time, ...rest } = sent
    const added = { name: 't', source: { id: 's' } }
    const stored = { ...rest, ...added, metadata: { time } }
    const hit = { _index: 'event-2026', _source: stored }
    const action = `{"create":{"_index":"event-2026","_id":"a${sourceSuffix('s')}"}}\n`
    assert.equal(overheadOf(hit), action.length + JSON.stringify(stored).length + 1 - JSON.stringify(sent).length)
  })

  it('on disk are reported from ten thousand documents on', () => {
    const before = { bytes: 1000, documents: 5 }
    assert.equal(storedBytesPerEvent(before, { bytes: 15_001_000, documents: 10_005 }), 1500)
    assert.equal(storedBytesPerEvent(before, { bytes: 15_001_000, documents: 10_004 }), undefined)
  })
})
