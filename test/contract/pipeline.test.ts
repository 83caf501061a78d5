import assert from 'node:assert/strict'
import { v7 as uuidV7 } from 'uuid'
import { authorizationsOf } from '../../runtime/local/credentials.ts'
import { topicsOf } from '../../runtime/names.ts'
import { encode } from '../../runtime/queue/message.ts'
import { webSocketTransport } from '../../runtime/queue/websocket.ts'
import { sourceSuffix } from '../../runtime/search/documents.ts'
import { periodOf } from '../../runtime/search/indices.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'

const THIS_MONTH = periodOf(Date.now(), 'month')
const documentId = (eventId: string) => `${eventId}${sourceSuffix('my-source')}`

describe('the pipeline, from call to document', () => {
  let pipeline: Pipeline
  let suite = 0

  async function start(settings: Record<string, string> = {}): Promise<void> {
    suite += 1
    pipeline = await Pipeline.create(`pipeline-${suite}`, settings)
    await pipeline.startApi()
  }
  afterEach(() => pipeline.close())

  it('stores the events of a call with profile, session and properties, and a repetition stores nothing more', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startWorker()
    const call = {
      source: { id: 'my-source' },
      session: { id: 'session-1' },
      events: [
        { id: uuidV7(), type: 'Page View', properties: { page: 'home', visits: 12_345 } },
        { id: uuidV7(), type: 'search', properties: { words: ['a', 'b'] } },
        { id: uuidV7(), type: 'purchase', properties: { total: 17.5 } },
      ],
    }
    const first = await pipeline.track(call)
    assert.equal(first.status, 200)
    const profile = first.body['profile'] as { id: string }
    assert.match(profile.id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(first.body['session'], { id: 'session-1' })
    await pipeline.untilStored(3)
    const stored = await pipeline.search.get<Record<string, unknown>>({
      index: `${pipeline.eventAlias}-${THIS_MONTH}`,
      id: documentId(call.events[0]?.id as string),
    })
    const { metadata: _, ...document } = stored._source as Record<string, unknown>
    assert.deepEqual(document, {
      id: call.events[0]?.id,
      type: 'page-view',
      name: 'Page View',
      source: { id: 'my-source' },
      session: { id: 'session-1' },
      profile,
      properties: { page: 'home', visits: 12_345 },
    })

    assert.equal((await pipeline.track(call)).status, 200)
    await eventually(
      async () => (await pipeline.workerMetric('tracardi_worker_events_total{outcome="duplicate"}')) === 3,
    )
    assert.equal(await pipeline.count(), 3)
    await eventually(async () => (await pipeline.backlog()) === 0)
  })

  it('keeps events that were published before any worker came, in bulks that are filled by size', async () => {
    // Messages that divide the bulk evenly, bulks that do not grow, and one session, because states take room too: otherwise chance
    // decides how full a bulk is.
    await start({ BULK_SIZE: '500', BULK_MAX_EVENTS: '500', MESSAGE_MAX_EVENTS: '50', ELASTIC_INDEX_SHARDS: '1' })
    const calls = Array.from({ length: 40 }, () => ({
      source: { id: 'my-source' },
      session: { id: 'session-1' },
      events: Array.from({ length: 50 }, () => ({ id: uuidV7(), type: 'a' })),
    }))
    const answers = await Promise.all(calls.map((call) => pipeline.track(call)))
    assert.ok(answers.every(({ status }) => status === 200))
    await pipeline.startWorker()
    await pipeline.untilStored(2000)
    await eventually(async () => (await pipeline.backlog()) === 0)
    assert.equal(await pipeline.count(), 2000)
    assert.equal(await pipeline.workerMetric('tracardi_worker_flushes_total{reason="size"}'), 4)
    assert.equal(await pipeline.workerMetric('tracardi_worker_flushes_total{reason="timeout"}'), 0)
    assert.equal(await pipeline.workerMetric('tracardi_worker_batch_events_sum'), 2000)
  })

  it('stores a trickle by timeout', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.5' })
    await pipeline.startWorker()
    for (let number = 0; number < 3; number += 1) {
      await pipeline.track({ source: { id: 'my-source' }, events: [{ type: 'a' }] })
      await pipeline.untilStored(number + 1)
    }
    assert.equal(await pipeline.workerMetric('tracardi_worker_flushes_total{reason="timeout"}'), 3)
    assert.equal(await pipeline.workerMetric('tracardi_worker_flushes_total{reason="size"}'), 0)
  })

  it('dead-letters the one document of 500 that Elasticsearch refuses, and stores it by a replay when the mapping is fixed', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.makeIndexOfShortValues()
    const text = 'x'.repeat(40_000)

    const events = Array.from({ length: 500 }, (_, number) => ({
      id: uuidV7(),
      type: 'a',
      ...(number === 123 ? { properties: { text } } : {}),
    }))
    await pipeline.startWorker()
    assert.equal((await pipeline.track({ source: { id: 'my-source' }, events })).status, 200)
    await pipeline.untilStored(499)
    await eventually(async () => (await pipeline.backlog()) === 0)
    assert.equal(await pipeline.count(), 499)
    assert.equal(await pipeline.deadLetters(), 1)

    const listed = await cli(pipeline.env, 'dead-letters', 'list')
    assert.match(
      listed.output,
      / 400 +document_parsing_exception +my-source +a +.*failed to parse field \[properties\]/,
    )
    assert.match(listed.output, /Waiting: 1 dead letter; shown: 1\./)
    assert.equal(await pipeline.deadLetters(), 1)

    await pipeline.takeLongValues()
    const replayed = await cli(pipeline.env, 'dead-letters', 'replay')
    assert.match(replayed.output, /^1 dead letters published again/)
    await pipeline.untilStored(500)
    assert.equal(await pipeline.count(), 500)
    await eventually(async () => (await pipeline.deadLetters()) === 0)
    const found = await pipeline.search.get<{ properties: object }>({
      index: `${pipeline.eventAlias}-${THIS_MONTH}`,
      id: documentId(events[123]?.id as string),
    })
    assert.deepEqual(found._source?.properties, { text })
  })

  it('keeps the events of two sources apart that have one id, and counts another event with it as a conflict', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startWorker()
    const call = (source: string, type: string) => ({ source: { id: source }, events: [{ id: 'order-4711', type }] })
    for (const one of [call('my-source', 'purchase'), call('other-source', 'claimed')]) {
      assert.equal((await pipeline.track(one)).status, 200)
    }
    await pipeline.untilStored(2)
    for (const again of [call('my-source', 'purchase'), call('my-source', 'forged')]) {
      assert.equal((await pipeline.track(again)).status, 200)
    }
    const outcome = (name: string) => pipeline.workerMetric(`tracardi_worker_events_total{outcome="${name}"}`)
    await eventually(async () => (await outcome('duplicate')) + (await outcome('conflict')) === 2)
    assert.deepEqual([await outcome('stored'), await outcome('duplicate'), await outcome('conflict')], [2, 1, 1])
    const index = `${pipeline.eventAlias}-${THIS_MONTH}`
    const kept = await pipeline.search.get<{ type: string }>({ index, id: documentId('order-4711') })
    assert.equal(kept._source?.type, 'purchase')
    assert.equal(await pipeline.count(), 2)
  })

  it('sends nothing to Elasticsearch that no API has written: it goes to the dead letters', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startWorker()
    const good = { source: { id: 'my-source' }, events: [{ id: 'kept', type: 'a' }] }
    assert.equal((await pipeline.track(good)).status, 200)
    await pipeline.untilStored(1)
    const index = `${pipeline.eventAlias}-${THIS_MONTH}`
    const transport = webSocketTransport(pipeline.config)
    const { events: topic } = topicsOf(pipeline.config)
    const producer = await transport.openProducer({ topic, sendTimeoutMs: 10_000 }, () => undefined)
    const forged = (eventLines: string, more: Record<string, string> = {}) => {
      const { payload, properties } = encode({ events: 1, eventLines, states: 0, stateLines: '', receivedAtMs: 1 })
      return producer.send({ payload, properties: { ...properties, ...more } })
    }
    await forged(`{"delete":{"_index":"${index}","_id":"${documentId('kept')}"}}\n{}\n`)
    await forged('{"index":{"_index":"foreign-index","_id":"1"}}\n{"a":1}\n')
    await forged(`{"create":{"_index":"${index}","_id":"x"}}\n{"id":"x"}\n`, { n: '999999' })
    await forged('', { v: '' })
    await eventually(async () => (await pipeline.deadLetters()) === 4 && (await pipeline.backlog()) === 0)
    await transport.close()
    assert.equal(await pipeline.count(), 1)
    assert.equal(await pipeline.search.indices.exists({ index: 'foreign-index' }), false)
  })

  it('stores data of every kind exactly as it was sent', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startWorker()
    const id = uuidV7()
    const properties =
      '{"big":12345678901234567890,"long":0.12345678901234567890,"huge":1e400,"lone":"\\ud800","control":"\\u0000\\u001f","__proto__":{"polluted":true},"":" ","a.b":{"c":[[1],{}]},"emoji":"😀"}'
    const response = await fetch(`${pipeline.publicUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      body: `{"source":{"id":"my-source"},"events":[{"id":"${id}","type":"a","properties":${properties}}]}`,
    })
    assert.equal(response.status, 200)
    await pipeline.untilStored(1)
    const authorization = authorizationsOf(pipeline.config).elasticsearch as string
    const source = await (
      await fetch(`${pipeline.config.elasticHost}/${pipeline.eventAlias}-${THIS_MONTH}/_source/${documentId(id)}`, {
        headers: { authorization },
      })
    ).text()
    assert.ok(source.includes(`"properties":${properties}`), source)
    assert.equal(await pipeline.deadLetters(), 0)
  })

  it('finishes what it has taken when it is asked to stop, and nothing of it is delivered again', async () => {
    await start({ BULK_TIMEOUT_SECONDS: '600' })
    await pipeline.startWorker()
    await pipeline.track({ source: { id: 'my-source' }, events: Array.from({ length: 70 }, () => ({ type: 'a' })) })
    await eventually(async () => (await pipeline.workerMetric('tracardi_worker_filling_events')) === 70)
    await pipeline.stopWorker()
    assert.equal(await pipeline.count(), 70)
    await eventually(async () => (await pipeline.backlog()) === 0)
  })

  it('answers the backlog in the shape that operators know, and as much of it as they need', async () => {
    await start({ PULSAR_PARTITIONS: '2' })
    await pipeline.track({ source: { id: 'my-source' }, events: Array.from({ length: 30 }, () => ({ type: 'a' })) })
    const path = '/queue/system/functions/backlog'
    const { tenant } = topicsOf(pipeline.config)
    const partition = (number: number) => `persistent://${tenant}/system/functions-partition-${number}`
    const subscription = 'tracardi-function-subscription'
    const plain = (await (await pipeline.operate(path)).json()) as { total: number; backlog: { count: number }[] }
    assert.equal(plain.total, 1)
    assert.deepEqual(
      plain.backlog.map((entry) => ({ ...entry, count: 0 })),
      [0, 1].map((number) => ({ partition: partition(number), subscription, count: 0 })),
    )
    const detailed = (await (await pipeline.operate(`${path}?detail=true`)).json()) as Record<string, unknown>
    assert.equal(detailed['events'], 30)
    assert.equal(detailed['eventsExact'], true)
    const missing = await pipeline.operate('/queue/system/nothing/backlog')
    assert.equal(missing.status, 404)
    assert.deepEqual(await missing.json(), { detail: `there is no topic persistent://${tenant}/system/nothing` })
  })
})
