import assert from 'node:assert/strict'
import {
  apiBetween,
  bulkSizeOf,
  instancesOf,
  type NodeReading,
  nodesBetween,
  workersBetween,
} from '../../../runtime/load-test/samples.ts'
import { type Reading, type Readings, readingOf } from '../../../runtime/telemetry/counters.ts'

function apiAt(atMs: number, cpu: number, events: number, receipts = events / 10): Reading {
  return readingOf(
    `process_cpu_seconds_total ${cpu}
tracardi_api_events_total{outcome="accepted"} ${events}
tracardi_api_events_total{outcome="unavailable"} 7
tracardi_api_requests_total{route="/track",status="200"} ${events / 10}
tracardi_api_requests_total{route="/track",status="503"} 9
tracardi_api_receipt_seconds_sum ${receipts * 0.004}
tracardi_api_receipt_seconds_count ${receipts}`,
    atMs,
  ) as Reading
}

function workerAt(atMs: number, events: number, bulks: number): Reading {
  return readingOf(
    `process_cpu_seconds_total ${bulks / 100}
tracardi_worker_events_total{outcome="stored"} ${events}
tracardi_worker_events_total{outcome="duplicate"} 0
tracardi_worker_flushes_total{reason="size"} ${bulks}
tracardi_worker_flushes_total{reason="timeout"} 1
tracardi_worker_batch_events_sum ${bulks * 480}
tracardi_worker_batch_events_count ${bulks}
tracardi_worker_bulk_seconds_sum ${bulks * 0.05}
tracardi_worker_bulk_seconds_count ${bulks * 1.25}
tracardi_worker_bulk_concurrency 2
tracardi_worker_bulk_size 500
tracardi_worker_retries_total{cause="429"} 0`,
    atMs,
  ) as Reading
}

const readings = (entries: Readonly<Record<string, Reading>>): Readings => new Map(Object.entries(entries))

describe('the readings of instances', () => {
  it('of the API are rates and sums of all instances', () => {
    const before = readings({ a: apiAt(0, 10, 1000), b: apiAt(0, 5, 500), w: workerAt(0, 0, 0) })
    const after = readings({ a: apiAt(2000, 11, 3000), b: apiAt(2000, 5.5, 1500) })
    assert.deepEqual(apiBetween(before, after), {
      cores: [0.5, 0.25],
      calls: 300,
      events: 3000,
      messages: 300,
      receiptMs: 4,
    })
  })

  it('of an instance that began again count from 0, and of a new one count from the next time', () => {
    const before = readings({ a: apiAt(0, 10, 1000) })
    const after = readings({ a: apiAt(1000, 0.5, 200), new: apiAt(1000, 90, 90_000) })
    const { events, cores } = apiBetween(before, after) ?? {}
    assert.deepEqual([events, cores], [200, [0.5]])
  })

  it('are nothing where no instance of the role answered twice, and no mean where nothing was counted', () => {
    assert.equal(apiBetween(new Map(), readings({ a: apiAt(0, 1, 1) })), undefined)
    assert.equal(workersBetween(new Map(), new Map()), undefined)
    const same = readings({ a: apiAt(0, 1, 10) })
    assert.equal(apiBetween(same, readings({ a: apiAt(1000, 1, 10) }))?.receiptMs, null)
  })

  it('of workers contain the flush threshold; those of the API do not', () => {
    assert.equal(bulkSizeOf(readings({ a: apiAt(0, 1, 1), w: workerAt(0, 0, 0) })), 500)
    assert.equal(bulkSizeOf(readings({ a: apiAt(0, 1, 1) })), undefined)
  })

  it('of workers have bulks, why they were sent, and how many were in flight', () => {
    const before = readings({ a: workerAt(0, 0, 0), b: workerAt(0, 0, 0) })
    const after = readings({ a: workerAt(1000, 4800, 10), b: workerAt(1000, 9600, 20) })
    const found = workersBetween(before, after)
    assert.deepEqual(
      { ...found, inFlight: found?.inFlight.toFixed(3), bulkMs: found?.bulkMs?.toFixed(3) },
      {
        cores: [0.1, 0.2],
        events: 14_400,
        flushes: { size: 30, timeout: 0 },
        bulkEvents: 480,
        // Of a bulk with its share of those that hold states alone.
        bulkMs: '50.000',
        // 30 bulks of 50 ms in two seconds of two workers.
        inFlight: '0.750',
        inFlightLimit: 2,
        retries: 0,
      },
    )
  })
})

describe('the readings of data nodes', () => {
  const node = (atMs: number, cpuMs: number, operations: number, more: Partial<NodeReading> = {}): NodeReading => ({
    atMs,
    cpuMs,
    processors: 2,
    operations,
    writeQueue: 0,
    writeRejected: 0,
    ...more,
  })

  it('have cores by node, and the rest of all together', () => {
    const before = new Map([
      ['a', node(0, 1000, 10)],
      ['b', node(0, 500, 20)],
    ])
    const after = new Map([
      ['a', node(1000, 2500, 110, { writeQueue: 3, writeRejected: 2 })],
      ['b', node(1000, 600, 120, { writeQueue: 1 })],
      ['new', node(1000, 600, 5)],
    ])
    assert.deepEqual(nodesBetween(before, after), {
      cores: [1.5, 0.1],
      processors: [2, 2],
      operations: 200,
      writeQueue: 3,
      writeRejected: 2,
    })
  })

  it('are nothing of a node that began again', () => {
    assert.equal(nodesBetween(new Map([['a', node(0, 1000, 10)]]), new Map([['a', node(1000, 20, 1)]])), undefined)
  })
})

describe('the private listeners', () => {
  const resolve = async (host: string) => {
    if (host !== 'workers') throw new Error('ENOTFOUND')
    return [
      { address: '10.0.0.1', family: 4 },
      { address: '10.0.0.2', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]
  }

  it('are all addresses of a host, of one family', async () => {
    assert.deepEqual(
      await instancesOf(['http://workers:8686/', 'http://127.0.0.1:8687', 'http://localhost:1'], resolve),
      ['http://10.0.0.1:8686', 'http://10.0.0.2:8686', 'http://127.0.0.1:8687', 'http://localhost:1'],
    )
  })

  it('are refused where they are not an HTTP URL or are unknown', async () => {
    for (const [url, message] of [
      ['workers:8686', /^--metrics has "workers:8686"; allowed: URLs like/],
      ['https://workers', /allowed: URLs like/],
      ['http://nobody:1', /^--metrics has "http:\/\/nobody:1", whose host has no address$/],
    ] as const) {
      await assert.rejects(instancesOf([url], resolve), { code: 'command_invalid', message })
    }
  })
})
