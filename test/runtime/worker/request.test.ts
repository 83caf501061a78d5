import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { Registry } from 'prom-client'
import type { FaultyResult, ItemResult } from '../../../runtime/search/bulk.ts'
import { LinesRefused } from '../../../runtime/search/judge.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'
import { BulkRequest } from '../../../runtime/worker/request.ts'
import { Settlement } from '../../../runtime/worker/settlement.ts'
import { recordingLog } from '../../support/log.ts'
import { deliveryOf, eventOf, runsOf } from '../../support/messages.ts'

const STORED: ItemResult = { outcome: 'stored' }
const faulty = (outcome: FaultyResult['outcome'], status: number): FaultyResult => ({
  outcome,
  status,
  fault: { type: 'a_fault', reason: 'because' },
})
const answered = (statusCode: number) =>
  new errors.ResponseError({ statusCode, body: {}, headers: {}, warnings: null, meta: {} } as never)
const REFUSED = new errors.ConnectionError('refused')

describe('BulkRequest', () => {
  let bodies: Buffer[]
  let bulks: string[]
  /** What Elasticsearch answers in turn; it stores everything after that. */
  let answers: ((operations: readonly string[]) => readonly ItemResult[] | Error)[]
  let waits: number[]
  let concurrency: AdaptiveConcurrency
  let registry: Registry
  let logged: ReturnType<typeof recordingLog>
  let givesUp: boolean
  let request: BulkRequest

  beforeEach(() => {
    bodies = []
    bulks = []
    answers = []
    waits = []
    concurrency = new AdaptiveConcurrency(4)
    registry = new Registry()
    logged = recordingLog()
    givesUp = false
    request = new BulkRequest({
      sendBulk: async (lines) => {
        bodies.push(lines)
        bulks.push(lines.toString())
        const operations = lines.toString().match(/[^\n]+\n[^\n]+\n/g) ?? []
        const answer = answers.shift()?.(operations) ?? operations.map(() => STORED)
        if (answer instanceof Error) throw answer
        return answer
      },
      concurrency,
      metrics: workerMetrics(registry, concurrency, Date.now),
      log: logged.log,
      sleep: async (ms) => {
        if (givesUp) throw new Error('the time is over')
        waits.push(ms)
      },
      random: () => 0.5,
      nowMs: () => 0,
    })
  })

  function send(...ids: string[]): Promise<readonly ItemResult[]> {
    const settlement = new Settlement({} as never)
    return request.send(runsOf(settlement, deliveryOf('m1', ids)).map(({ run }) => run))
  }

  async function retries(cause: string): Promise<number> {
    const metric = await registry.getSingleMetric('tracardi_worker_retries_total')?.get()
    return metric?.values.find(({ labels }) => labels['cause'] === cause)?.value ?? 0
  }

  it('sends the lines of all runs in one request, and answers the results', async () => {
    assert.deepEqual(await send('a', 'b'), [STORED, STORED])
    assert.deepEqual(bulks, [eventOf('a') + eventOf('b')])
  })

  it('sends the same again when the request failed, as often as it takes, with waits that double up to 30 s', async () => {
    answers = Array.from({ length: 10 }, () => () => REFUSED)
    await send('a', 'b')
    assert.deepEqual(bulks, Array(11).fill(eventOf('a') + eventOf('b')))
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000])
    assert.equal(await retries('request_retry'), 20)
  })

  it('gives up when the time is over', async () => {
    answers = [() => REFUSED]
    givesUp = true
    await assert.rejects(send('a'), { message: 'the time is over' })
  })

  it('logs an outage at the first failure and at each doubling', async () => {
    answers = Array.from({ length: 10 }, () => () => REFUSED)
    await send('a')
    assert.deepEqual(
      logged.lines.map(({ attempt }) => attempt),
      [0, 1, 3, 7],
    )
  })

  it('reuses the memory of a bulk after its answer, and never after a failure, when it may still be on its way', async () => {
    await send('a')
    await send('b')
    assert.equal(bodies[1]?.buffer, bodies[0]?.buffer)
    answers = [() => answered(503)]
    await send('c')
    await send('d')
    assert.deepEqual(bulks.slice(2), [eventOf('c'), eventOf('c'), eventOf('d')])
    assert.notEqual(bodies[4]?.buffer, bodies[3]?.buffer)
  })

  it('has fewer bulks in flight after Elasticsearch has refused a request or an operation', async () => {
    answers = [() => answered(429), () => [faulty('throttled', 429)]]
    assert.deepEqual(await send('a'), [faulty('throttled', 429)])
    assert.deepEqual([concurrency.limit, await retries('request_throttled')], [1, 1])
  })

  it('halves a request that is refused as a whole until it passes, and answers in the order of the operations', async () => {
    const isBad = (operations: readonly string[]) => operations.some((operation) => operation.includes('"_id":"c~'))
    answers = Array.from({ length: 20 }, () => (operations) => {
      if (!isBad(operations)) return operations.map(() => STORED)
      return new LinesRefused(answered(413), operations.length > 1 ? undefined : faulty('rejected', 413))
    })
    assert.deepEqual(await send('a', 'b', 'c', 'd', 'e'), [STORED, STORED, faulty('rejected', 413), STORED, STORED])
    assert.equal(await retries('request_refused'), 5 + 3 + 1)
  })

  it('halves a request whose answer has fewer or more results, and lets a single operation wait', async () => {
    answers = [() => [STORED], () => [STORED], () => []]
    const results = await send('a', 'b')
    assert.deepEqual(
      results.map((result) => [result.outcome, 'fault' in result && result.fault.type]),
      [
        ['stored', false],
        ['retry', 'results_missing'],
      ],
    )
  })
})
