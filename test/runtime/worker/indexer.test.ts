import assert from 'node:assert/strict'
import { errors } from '@elastic/elasticsearch'
import { Registry } from 'prom-client'
import { decodeDeadLetter } from '../../../runtime/queue/dead-letter.ts'
import type { OutgoingMessage } from '../../../runtime/queue/port.ts'
import type { FaultyResult, ItemResult } from '../../../runtime/search/bulk.ts'
import { LinesRefused } from '../../../runtime/search/judge.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { GaveUp, Indexer } from '../../../runtime/worker/indexer.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'
import type { Taken } from '../../../runtime/worker/operations.ts'
import { WaitingStates } from '../../../runtime/worker/waiting-states.ts'
import { recordingLog } from '../../support/log.ts'
import { eventOf, sessionOf, takenOf } from '../../support/messages.ts'

const STORED: ItemResult = { outcome: 'stored' }
const faulty = (outcome: FaultyResult['outcome'], status: number, type = 'a_fault'): ItemResult => ({
  outcome,
  status,
  fault: { type, reason: `because of ${type}` },
})
const linesRefused = (result?: ItemResult) => new LinesRefused(answered(413), result as FaultyResult | undefined)
const answered = (statusCode: number) =>
  new errors.ResponseError({
    statusCode,
    body: { error: { type: 'a_fault' } },
    headers: {},
    warnings: null,
    meta: {},
  } as never)

describe('Indexer', () => {
  let bulks: string[]
  let answers: ((operations: string[]) => readonly ItemResult[] | Error)[]
  let acknowledged: string[]
  let buried: OutgoingMessage[]
  let burialFaults: Error[]
  let waits: number
  let nowMs: number
  let waitMs: number
  let concurrency: AdaptiveConcurrency
  let registry: Registry
  let logged: ReturnType<typeof recordingLog>
  let failAcknowledge: boolean
  let released: string[]
  let maxWaits: number
  let bodies: Buffer[]
  let compared: string[][]
  let conflictsFail: boolean

  beforeEach(() => {
    bulks = []
    answers = []
    acknowledged = []
    buried = []
    burialFaults = []
    waits = 0
    nowMs = 0
    waitMs = 0
    concurrency = new AdaptiveConcurrency(4)
    registry = new Registry()
    logged = recordingLog()
    failAcknowledge = false
    released = []
    maxWaits = 50
    bodies = []
    compared = []
    conflictsFail = false
  })

  /** Stores the messages with all their states. */
  function store(...messages: Taken[]): Promise<void> {
    return indexer().store(messages, statesOf(messages))
  }

  function statesOf(messages: readonly Taken[]) {
    const states = new WaitingStates()
    for (const taken of messages) states.add(taken)
    return states.take()
  }

  /** Its Elasticsearch answers in turn as `answers` says, and stores everything after that. */
  function indexer(): Indexer {
    return new Indexer({
      sendBulk: async (lines) => {
        const text = lines.toString()
        bulks.push(text)
        bodies.push(lines)
        const operations = text.match(/[^\n]+\n[^\n]+\n/g) ?? []
        const answer = answers.shift()?.(operations) ?? operations.map(() => STORED)
        if (answer instanceof Error) throw answer
        return answer
      },
      findConflicts: async (operations) => {
        compared.push(operations.map(String))
        if (conflictsFail) throw new Error('no answer')
        return operations
          .map(String)
          .filter((operation) => operation.includes('"id":"conflicting'))
          .map(() => ({ index: 'tracardi-event-2026-11', id: 'conflicting' }))
      },
      sendDeadLetter: async (message) => {
        const fault = burialFaults.shift()
        if (fault) throw fault
        buried.push(message)
      },
      acknowledge: async ({ id }) => {
        if (failAcknowledge) throw new Error('connection lost')
        acknowledged.push(id.toString())
      },
      release: ({ id }) => released.push(id.toString()),
      concurrency,
      metrics: workerMetrics(registry, concurrency),
      log: logged.log,
      sleep: async () => {
        waits += 1
        nowMs += waitMs
        if (waits > maxWaits) throw new GaveUp()
      },
      random: () => 0.5,
      now: () => nowMs,
    })
  }

  async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    const found = (await registry.getMetricsAsJSON()).find((one) => one.name === name)
    const values = (found?.values ?? []) as { value: number; labels: Record<string, string> }[]
    return values.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value ?? 0
  }
  const events = (outcome: string) => metric('tracardi_worker_events_total', { outcome })

  it('stores the events of several messages in one bulk, then acknowledges each message', async () => {
    await store(takenOf('m1', ['a', 'b']), takenOf('m2', ['c']))
    assert.deepEqual(bulks, [eventOf('a') + eventOf('b') + eventOf('c')])
    assert.deepEqual(acknowledged, ['m1', 'm2'])
    assert.equal(await events('stored'), 3)
  })

  it('writes of each session only the latest state, after the events', async () => {
    await store(takenOf('m1', ['a'], [sessionOf('s', 1)]), takenOf('m2', ['b'], [sessionOf('s', 2)]))
    assert.deepEqual(bulks, [eventOf('a') + eventOf('b') + sessionOf('s', 2)])
    assert.deepEqual(acknowledged, ['m1', 'm2'])
    assert.equal(await events('stored'), 2)
  })

  it('acknowledges a message whose states are in another bulk when both are stored, whichever is first', async () => {
    const one = indexer()
    for (const statesFirst of [false, true]) {
      const messages = [takenOf('m1', ['a'], [sessionOf('s', 1)]), takenOf('m2', ['b'])]
      const states = statesOf(messages)
      const bulksOf = [() => one.store(messages, []), () => one.store([], states)]
      if (statesFirst) bulksOf.reverse()
      acknowledged = []
      await bulksOf[0]?.()
      assert.deepEqual(acknowledged, statesFirst ? [] : ['m2'])
      await bulksOf[1]?.()
      assert.deepEqual(acknowledged.sort(), ['m1', 'm2'])
    }
    assert.deepEqual(bulks, [
      eventOf('a') + eventOf('b'),
      sessionOf('s', 1),
      sessionOf('s', 1),
      eventOf('a') + eventOf('b'),
    ])
  })

  it('gives a message back once, and never acknowledges it then, although its other part is stored or fails too', async () => {
    const refuse = () => [faulty('retry', 403, 'cluster_block_exception')]
    const one = indexer()
    for (const others of [0, 100]) {
      const messages = [takenOf('m1', ['a'], [sessionOf('s', 1)])]
      const states = statesOf(messages)
      answers = Array.from({ length: 6 }, () => refuse)
      await one.store(messages, [])
      answers = Array.from({ length: others }, () => refuse)
      await one.store([], states)
      answers = []
    }
    assert.deepEqual([released, acknowledged], [['m1', 'm1'], []])
  })

  it('takes an event that is there already, and a state that is older than the one there, for stored', async () => {
    answers = [() => [faulty('duplicate', 409), STORED, faulty('superseded', 409)]]
    await store(takenOf('m1', ['a', 'b'], [sessionOf('s', 1)]))
    assert.equal(bulks.length, 1)
    assert.deepEqual(acknowledged, ['m1'])
    assert.deepEqual([await events('stored'), await events('duplicate')], [1, 1])
  })

  it('sends again only what failed, and acknowledges the other messages without waiting for it', async () => {
    answers = [
      () => [STORED, faulty('retry', 503, 'unavailable_shards_exception'), STORED],
      () => {
        assert.deepEqual(acknowledged, ['m2'])
        return [STORED]
      },
    ]
    await store(takenOf('m1', ['a', 'b']), takenOf('m2', ['c']))
    assert.deepEqual(bulks.slice(1), [eventOf('b')])
    assert.deepEqual(acknowledged, ['m2', 'm1'])
    assert.equal(waits, 1)
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'unavailable_shards_exception' }), 1)
    assert.equal(await events('stored'), 3)
  })

  it('gives a refused event with its reason and its original bytes to the dead letters, and stores its 499 neighbours', async () => {
    const ids = Array.from({ length: 500 }, (_, index) => `e${index}`)
    answers = [
      (operations) =>
        operations.map((_, index) => (index === 123 ? faulty('rejected', 400, 'document_parsing_exception') : STORED)),
    ]
    await store(takenOf('m1', ids))
    assert.equal(bulks.length, 1)
    assert.equal(buried.length, 1)
    const { certificate, message } = decodeDeadLetter({ id: 'd', publishedAtMs: 0, ...(buried[0] as OutgoingMessage) })
    assert.equal(certificate.fault, 'document_parsing_exception')
    assert.equal(certificate.reason, 'because of document_parsing_exception')
    assert.equal(certificate.status, 400)
    assert.equal(certificate.messageId, 'm1')
    assert.equal(message.payload.toString(), eventOf('e123'))
    assert.deepEqual(message.properties, {
      v: '1',
      n: '1',
      s: '0',
      b: String(eventOf('e123').length),
      t: '1795341600000',
    })
    assert.deepEqual(acknowledged, ['m1'])
    assert.deepEqual([await events('stored'), await events('dead_lettered')], [499, 1])
    assert.equal(await metric('tracardi_worker_dead_letters_total', { fault: 'document_parsing_exception' }), 1)
  })

  it('buries a refused state as a message of one state', async () => {
    answers = [() => [STORED, faulty('rejected', 400)]]
    await store(takenOf('m1', ['a'], [sessionOf('s', 1)]))
    assert.deepEqual(
      [buried[0]?.properties['n'], buried[0]?.properties['s'], buried[0]?.properties['b']],
      ['0', '1', '0'],
    )
    assert.equal(await events('dead_lettered'), 0)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('acknowledges a message only after the receipt of its dead letter', async () => {
    answers = [() => [faulty('rejected', 400)]]
    burialFaults = [new Error('no receipt'), new Error('no receipt')]
    await store(takenOf('m1', ['a']))
    assert.equal(waits, 2)
    assert.equal(buried.length, 1)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('sends the whole bulk again when the request failed, as often as it takes', async () => {
    answers = Array.from({ length: 10 }, () => () => new errors.ConnectionError('refused'))
    await store(takenOf('m1', ['a', 'b']))
    assert.equal(bulks.length, 11)
    assert.ok(bulks.every((bulk) => bulk === eventOf('a') + eventOf('b')))
    assert.equal(waits, 10)
    assert.deepEqual(acknowledged, ['m1'])
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'request_retry' }), 20)
  })

  it('uses the memory of a bulk again after its answer, and never after a failure, when it may still be on its way', async () => {
    const one = indexer()
    await one.store([takenOf('m1', ['a'])], [])
    await one.store([takenOf('m2', ['b'])], [])
    assert.equal(bodies[1]?.buffer, bodies[0]?.buffer)
    answers = [() => linesRefused(faulty('rejected', 413))]
    await one.store([takenOf('m3', ['c'])], [])
    await one.store([takenOf('m4', ['d'])], [])
    assert.deepEqual(bulks, [eventOf('a'), eventOf('b'), eventOf('c'), eventOf('d')])
    assert.equal(bodies[2]?.buffer, bodies[0]?.buffer)
    assert.notEqual(bodies[3]?.buffer, bodies[0]?.buffer)
    answers = [() => answered(503)]
    await one.store([takenOf('m5', ['e'])], [])
    await one.store([takenOf('m6', ['f'])], [])
    assert.deepEqual(bulks.slice(4), [eventOf('e'), eventOf('e'), eventOf('f')])
    assert.equal(bodies[5]?.buffer, bodies[4]?.buffer)
    assert.notEqual(bodies[6]?.buffer, bodies[4]?.buffer)
  })

  it('logs an outage at the first failure and at each doubling, not at every attempt', async () => {
    answers = Array.from({ length: 10 }, () => () => new errors.ConnectionError('refused'))
    await store(takenOf('m1', ['a']))
    const attempts = logged.lines
      .filter((line) => line['msg'] === 'bulk failed, trying again')
      .map((line) => line['attempt'])
    assert.deepEqual(attempts, [0, 1, 3, 7])
  })

  it('slows down when Elasticsearch refuses a request or an operation', async () => {
    answers = [() => answered(429), () => [faulty('throttled', 429, 'es_rejected_execution_exception')]]
    await store(takenOf('m1', ['a']))
    assert.equal(concurrency.limit, 1)
    assert.equal(bulks.length, 3)
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'request_throttled' }), 1)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('halves a bulk that is too large until it passes', async () => {
    answers = [() => linesRefused(), (two) => (two.length > 2 ? linesRefused() : two.map(() => STORED))]
    await store(takenOf('m1', ['a', 'b']), takenOf('m2', ['c', 'd']))
    assert.deepEqual(bulks.slice(1), [eventOf('a') + eventOf('b'), eventOf('c') + eventOf('d')])
    assert.deepEqual(acknowledged, ['m1', 'm2'])
    assert.equal(await events('stored'), 4)
  })

  it('finds the one operation that makes the request fail, and buries only that', async () => {
    const isBad = (operations: string[]) => operations.some((operation) => operation.includes('"_id":"c~'))
    answers = Array.from({ length: 20 }, () => (operations: string[]) => {
      if (!isBad(operations)) return operations.map(() => STORED)
      return linesRefused(operations.length > 1 ? undefined : faulty('rejected', 400, 'bulk_request_refused'))
    })
    await store(takenOf('m1', ['a', 'b', 'c', 'd', 'e']))
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'request_refused' }), 5 + 3 + 1)
    assert.deepEqual(
      buried.map((message) => message.payload.toString()),
      [eventOf('c')],
    )
    assert.equal(buried[0]?.properties['fault'], 'bulk_request_refused')
    assert.equal(await events('stored'), 4)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('never takes an answer for that of an operation whose results are not as many as the operations', async () => {
    answers = [() => [STORED], () => [STORED], ...Array.from({ length: 6 }, () => () => [])]
    await store(takenOf('m1', ['a', 'b']))
    assert.deepEqual([buried, acknowledged, released], [[], [], ['m1']])
    assert.equal(await metric('tracardi_worker_retries_total', { cause: 'results_missing' }), 6)
  })

  it('lets an operation wait that alone makes the request fail, and is not at fault', async () => {
    answers = [() => linesRefused(faulty('retry', 403, 'cluster_block_exception'))]
    await store(takenOf('m1', ['a']))
    assert.deepEqual(bulks, [eventOf('a'), eventOf('a')])
    assert.deepEqual([buried, acknowledged], [[], ['m1']])
  })

  it('goes by the lines of a message when its stated number of events is wrong', async () => {
    const taken = takenOf('m1', ['a', 'b'])
    const lying = { ...taken, envelope: { ...taken.envelope, events: 7 } }
    await store(lying)
    assert.equal(await events('stored'), 2)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('acknowledges a message without any operation', async () => {
    answers = [() => [faulty('duplicate', 409)]]
    await store(takenOf('empty', []), takenOf('m1', ['a']))
    assert.deepEqual(acknowledged, ['empty', 'm1'])
  })

  it('compares what was stored before, and counts and logs another event with the same id as a conflict', async () => {
    answers = [() => [faulty('duplicate', 409), STORED, faulty('duplicate', 409)]]
    await store(takenOf('m1', ['a', 'b', 'conflicting']))
    assert.deepEqual(compared, [[eventOf('a'), eventOf('conflicting')]])
    assert.deepEqual([await events('stored'), await events('duplicate'), await events('conflict')], [1, 1, 1])
    assert.deepEqual(acknowledged, ['m1'])
    assert.deepEqual(
      logged.lines.map(({ events: count, first }) => [count, first]),
      [[1, { index: 'tracardi-event-2026-11', id: 'conflicting' }]],
    )
  })

  it('counts duplicates that cannot be compared as such, and acknowledges them all the same', async () => {
    conflictsFail = true
    answers = [() => [faulty('duplicate', 409)]]
    await store(takenOf('m1', ['conflicting']))
    assert.deepEqual([await events('duplicate'), await events('conflict')], [1, 0])
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('goes on when an acknowledgement fails: the message comes again, and then it is a duplicate', async () => {
    failAcknowledge = true
    await store(takenOf('m1', ['a']))
    assert.equal(await events('stored'), 1)
    assert.ok(logged.lines.some((line) => line['msg'] === 'acknowledgement failed'))
  })

  it('gives up only when it is told that the time is over, and acknowledges nothing that is not stored', async () => {
    answers = Array.from({ length: 100 }, () => () => new errors.ConnectionError('refused'))
    await assert.rejects(store(takenOf('m1', ['a'])), GaveUp)
    assert.deepEqual(acknowledged, [])
  })

  it('gives messages back that cannot be stored for long while others can, so that they hold up nobody', async () => {
    answers = [
      () => [faulty('retry', 403, 'cluster_block_exception'), STORED, STORED],
      ...Array.from({ length: 100 }, () => () => [faulty('retry', 403, 'cluster_block_exception')]),
    ]
    await store(takenOf('m1', ['a', 'b']), takenOf('m2', ['c']))
    assert.equal(bulks.length, 6)
    assert.deepEqual(acknowledged, ['m2'])
    assert.deepEqual(released, ['m1'])
    assert.ok(logged.lines.some((line) => String(line['msg']).includes('given back')))
  })

  it('gives messages back after 2 s when others are stored meanwhile, in the same bulk or in another', async () => {
    const blocked = () => [faulty('retry', 403, 'cluster_block_exception')]
    waitMs = 700
    const one = indexer()
    answers = [() => [...blocked(), STORED], ...Array.from({ length: 100 }, () => blocked)]
    await one.store([takenOf('m1', ['a']), takenOf('m2', ['b'])], [])
    assert.deepEqual([bulks.length, acknowledged, released], [4, ['m2'], ['m1']])

    answers = [blocked, () => [STORED], ...Array.from({ length: 100 }, () => blocked)]
    const waiting = one.store([takenOf('m3', ['c'])], [])
    await one.store([takenOf('m4', ['d'])], [])
    await waiting
    assert.deepEqual([bulks.length, acknowledged, released], [4 + 1 + 4, ['m2', 'm4'], ['m1', 'm3']])
  })

  it('gives back at once what took Elasticsearch 2 s to refuse', async () => {
    answers = [
      () => {
        nowMs += 2000
        return [faulty('retry', 503, 'unavailable_shards_exception'), STORED]
      },
    ]
    await store(takenOf('m1', ['a']), takenOf('m2', ['b']))
    assert.deepEqual([bulks.length, acknowledged, released], [1, ['m2'], ['m1']])
  })

  it('says at most every 10 s that messages go back', async () => {
    const one = indexer()
    const said = () => logged.lines.filter((line) => String(line['msg']).includes('given back')).length
    for (const [atMs, expected] of [
      [0, 1],
      [9999, 1],
      [10_000, 2],
    ] as const) {
      nowMs = atMs
      answers = Array.from({ length: 6 }, () => () => [faulty('retry', 403)])
      await one.store([takenOf('m1', ['a'])], [])
      assert.equal(said(), expected)
    }
  })

  it('gives up likewise while it sends again a part of a bulk', async () => {
    maxWaits = 0
    answers = [() => [faulty('retry', 503)]]
    await assert.rejects(store(takenOf('m1', ['a'])), GaveUp)
    assert.deepEqual([acknowledged, released], [[], []])
  })

  it('gives up likewise while a dead letter gets no receipt', async () => {
    answers = [() => [faulty('rejected', 400)]]
    burialFaults = Array.from({ length: 100 }, () => new Error('no receipt'))
    await assert.rejects(store(takenOf('m1', ['a'])), GaveUp)
    assert.deepEqual(acknowledged, [])
  })

  it('tells how long a message waited from its receipt until it was stored', async () => {
    await store(takenOf('m1', ['a']), takenOf('m2', ['b']))
    const histogram = (await registry.getMetricsAsJSON()).find(
      (one) => one.name === 'tracardi_worker_receipt_to_stored_seconds',
    )
    const values = (histogram?.values ?? []) as { metricName?: string; value: number }[]
    const count = values.find((one) => one.metricName?.endsWith('_count'))
    assert.equal(count?.value, 2)
  })
})
