import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { decodeDeadLetter } from '../../../runtime/queue/dead-letter.ts'
import type { Delivery, OutgoingMessage } from '../../../runtime/queue/port.ts'
import type { FaultyResult, ItemResult } from '../../../runtime/search/bulk.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import type { Bulk } from '../../../runtime/worker/in-flight.ts'
import { Lane } from '../../../runtime/worker/lane.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'
import { linesOf } from '../../../runtime/worker/operations.ts'
import { Outcomes } from '../../../runtime/worker/outcomes.ts'
import type { PartOutcome } from '../../../runtime/worker/pool.ts'
import { Settlement } from '../../../runtime/worker/settlement.ts'
import { recordingLog } from '../../support/log.ts'
import { deliveryOf, eventOf, runsOf, sessionOf } from '../../support/messages.ts'

const STORED: ItemResult = { outcome: 'stored' }
const faulty = (outcome: FaultyResult['outcome'], status: number, type = 'a_fault'): FaultyResult => ({
  outcome,
  status,
  fault: { type, reason: `because of ${type}` },
})
const SENT_AT_MS = 5000

describe('Outcomes', () => {
  let acknowledged: string[]
  let deadLetters: OutgoingMessage[]
  let deadLetterFailures: number
  let waits: number[]
  let compared: string[][]
  let comparisonFails: boolean
  let registry: Registry
  let logged: ReturnType<typeof recordingLog>
  let settlement: Settlement
  let outcomes: Outcomes

  beforeEach(() => {
    acknowledged = []
    deadLetters = []
    deadLetterFailures = 0
    waits = []
    compared = []
    comparisonFails = false
    registry = new Registry()
    logged = recordingLog()
    settlement = new Settlement({
      acknowledge: async (id) => {
        acknowledged.push(id.toString())
      },
      negativeAcknowledge: () => assert.fail('nothing is returned'),
      onAcknowledged: () => undefined,
      log: logged.log,
    })
    outcomes = new Outcomes({
      settlement,
      findConflicts: async (operations) => {
        compared.push(operations.map(String))
        if (comparisonFails) throw new Error('no answer')
        return operations
          .map(String)
          .filter((operation) => operation.includes('"id":"conflicting'))
          .map(() => ({ index: 'tracardi-event-2026-11', id: 'conflicting', source: 'my-source' }))
      },
      sendDeadLetter: async (message) => {
        deadLetterFailures -= 1
        if (deadLetterFailures >= 0) throw new Error('no receipt')
        deadLetters.push(message)
      },
      metrics: workerMetrics(registry, new AdaptiveConcurrency(1), Date.now),
      log: logged.log,
      sleep: async (ms) => {
        waits.push(ms)
      },
      random: () => 0.5,
      wallMs: () => 1_795_341_700_000,
    })
  })

  /** A bulk with a part for each list of deliveries. */
  function bulkOf(parts: readonly (readonly Delivery[])[], reason: Bulk['reason'] = 'size'): Bulk {
    return {
      parts: parts.map((deliveries, shard) => ({
        lane: new Lane('i', shard, false),
        runs: deliveries.flatMap((delivery) => runsOf(settlement, delivery).map(({ run }) => run)),
      })),
      reason,
      operations: 0,
      isApart: false,
      sentAtMs: SENT_AT_MS,
    }
  }

  /** Operations to be retried, by part. */
  const linesIn = (parts: readonly PartOutcome[]) =>
    parts.map(({ retries }) => retries.map((run) => linesOf(run).toString()))

  async function metric(name: string, labels: Record<string, string>): Promise<number> {
    const found = await registry.getSingleMetric(name)?.get()
    return (
      found?.values.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value ?? 0
    )
  }
  const events = (outcome: string) => metric('tracardi_worker_events_total', { outcome })

  const eventsOf = (source: string, outcome: string) =>
    metric('tracardi_worker_source_events_total', { source, outcome })

  it('settles all when all is stored', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b'])], [deliveryOf('m2', ['c'], [sessionOf('s', 1)])]])
    const parts = await outcomes.apply(bulk, [STORED, STORED, STORED, STORED])
    assert.deepEqual(parts, Array(2).fill({ retries: [], fault: undefined, hasProgress: true }))
    assert.deepEqual([acknowledged, await events('stored')], [['m1', 'm2'], 3])
  })

  it('settles and counts events of erased profiles, and counts no states of them', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)])]])
    const erased = faulty('erased', 0)
    await outcomes.apply(bulk, [STORED, erased, erased])
    assert.deepEqual([acknowledged, await events('stored'), await events('erased')], [['m1'], 1, 1])
    assert.equal(await eventsOf('my-source', 'erased'), 1)
  })

  it('settles a run as a whole when only states are superseded, and takes it apart for any other fault', async () => {
    const settled: (readonly number[])[] = []
    const settle = settlement.settle.bind(settlement)
    settlement.settle = (owned) => {
      settled.push(owned.positions)
      return settle(owned)
    }
    const bulk = () => bulkOf([[deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)])], [deliveryOf('m2', ['c', 'd'])]])
    const superseded = faulty('superseded', 409)
    await outcomes.apply(bulk(), [STORED, STORED, superseded, STORED, STORED])
    assert.deepEqual(
      [settled.splice(0), acknowledged.splice(0)],
      [
        [[0, 1], [2], [0, 1]],
        ['m1', 'm2'],
      ],
    )
    await outcomes.apply(bulk(), [STORED, STORED, superseded, STORED, faulty('duplicate', 409)])
    assert.deepEqual([settled, acknowledged.sort(), await events('stored')], [[[0, 1], [2], [0], [1]], ['m1', 'm2'], 7])
  })

  it('settles an event that is stored already, and a state that is older than the stored one', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b'], [sessionOf('s', 1)])]])
    await outcomes.apply(bulk, [faulty('duplicate', 409), STORED, faulty('superseded', 409)])
    assert.deepEqual([acknowledged, await events('stored'), await events('duplicate')], [['m1'], 1, 1])
  })

  it('answers by part what is to be retried, since when, and whether anything was settled', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b'])], [deliveryOf('m2', ['c'])], [deliveryOf('m3', ['d'])]])
    const fault = faulty('retry', 503, 'unavailable_shards_exception')
    const throttled = faulty('throttled', 429)
    const parts = await outcomes.apply(bulk, [STORED, fault, throttled, STORED])
    assert.deepEqual(linesIn(parts), [[eventOf('b')], [eventOf('c')], []])
    assert.deepEqual(
      parts.map((part) => [part.fault, part.hasProgress]),
      [
        [fault, true],
        [throttled, false],
        [undefined, true],
      ],
    )
    assert.deepEqual(
      parts.flatMap(({ retries }) => retries.map(({ sinceMs }) => sinceMs)),
      [SENT_AT_MS, SENT_AT_MS],
    )
    assert.deepEqual([acknowledged, await events('stored')], [['m3'], 2])
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'unavailable_shards_exception' }), 1)
  })

  it('keeps of a retry since when it was refused', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a'])]], 'retry')
    const [part] = await outcomes.apply(bulk, [faulty('retry', 503)])
    assert.equal(part?.retries[0]?.sinceMs, 0)
  })

  it('keeps of what is to be retried its own lines in memory, and not its message', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b'])]])
    const [part] = await outcomes.apply(bulk, [STORED, faulty('retry', 503)])
    assert.equal(part?.retries[0]?.payload.bytes.length, eventOf('b').length)
  })

  it('dead-letters a refused event with its reason and its own bytes, and settles its 499 neighbours', async () => {
    const ids = Array.from({ length: 500 }, (_, index) => `e${index}`)
    const results = ids.map((_, index) =>
      index === 123 ? faulty('rejected', 400, 'document_parsing_exception') : STORED,
    )
    await outcomes.apply(bulkOf([[deliveryOf('m1', ids)]]), results)
    assert.equal(deadLetters.length, 1)
    const { metadata, message } = decodeDeadLetter({
      id: 'd',
      publishedAtMs: 0,
      ...(deadLetters[0] as OutgoingMessage),
    })
    assert.deepEqual(metadata, {
      fault: 'document_parsing_exception',
      reason: 'because of document_parsing_exception',
      status: 400,
      messageId: 'm1',
      failedAt: '2026-11-22T10:01:40.000Z',
    })
    assert.equal(message.payload.toString(), eventOf('e123'))
    const b = String(eventOf('e123').length)
    assert.deepEqual(message.properties, { v: '1', n: '1', s: '0', b, t: '1795341600000' })
    assert.deepEqual([acknowledged, await events('stored'), await events('dead_lettered')], [['m1'], 499, 1])
    assert.equal(await metric('tracardi_worker_dead_letters_total', { fault: 'document_parsing_exception' }), 1)
  })

  it('dead-letters a refused state as a message of one state', async () => {
    await outcomes.apply(bulkOf([[deliveryOf('m1', ['a'], [sessionOf('s', 1)])]]), [STORED, faulty('rejected', 400)])
    const { n, s, b } = deadLetters[0]?.properties ?? {}
    assert.deepEqual([n, s, b, acknowledged, await events('dead_lettered')], ['0', '1', '0', ['m1'], 0])
  })

  it('acknowledges a message only after the receipt of its dead letter', async () => {
    deadLetterFailures = 2
    await outcomes.apply(bulkOf([[deliveryOf('m1', ['a'])]]), [faulty('rejected', 400)])
    assert.deepEqual([waits, deadLetters.length, acknowledged], [[100, 200], 1, ['m1']])
  })

  it('counts and logs another event with the id of a stored one as a conflict', async () => {
    const bulk = bulkOf([[deliveryOf('m1', ['a', 'b', 'conflicting'])]])
    await outcomes.apply(bulk, [faulty('duplicate', 409), STORED, faulty('duplicate', 409)])
    assert.deepEqual(compared, [[eventOf('a'), eventOf('conflicting')]])
    assert.deepEqual([await events('stored'), await events('duplicate'), await events('conflict')], [1, 1, 1])
    assert.deepEqual([await eventsOf('my-source', 'duplicate'), await eventsOf('my-source', 'conflict')], [1, 1])
    assert.deepEqual(
      logged.lines.map(({ events: count, first }) => [count, first]),
      [[1, { index: 'tracardi-event-2026-11', id: 'conflicting', source: 'my-source' }]],
    )
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('counts duplicates that cannot be compared as such, and settles them anyway', async () => {
    comparisonFails = true
    await outcomes.apply(bulkOf([[deliveryOf('m1', ['conflicting'])]]), [faulty('duplicate', 409)])
    assert.deepEqual([await events('duplicate'), await events('conflict'), acknowledged], [1, 0, ['m1']])
  })
})
