import assert from 'node:assert/strict'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

interface Times {
  readonly insert: string
  readonly ingest: string
  readonly create?: string
  readonly original?: object
}

describe('the times of events', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await Pipeline.create('times', { BULK_TIMEOUT_SECONDS: '0.2', EVENT_RETENTION_DAYS: '30' })
    await pipeline.startApi()
    await pipeline.startWorker()
  })
  after(() => pipeline.close())

  async function sourceOf(index: string, id: string): Promise<Record<string, unknown>> {
    const query = { term: { id } }
    let found: Record<string, unknown> | undefined
    await eventually(async () => {
      await pipeline.search.indices.refresh({ index }, { ignore: [404] })
      const { hits } = await pipeline.search.search<Record<string, unknown>>(
        { index, query, size: 2 },
        { ignore: [404, 503] },
      )
      assert.ok((hits?.hits ?? []).length < 2)
      found = hits?.hits[0]?._source
      return found !== undefined
    })
    return found ?? assert.fail(`${id} is not stored`)
  }
  const timesOf = async (id: string) => {
    const { metadata } = (await sourceOf(`${pipeline.eventAlias}-*`, id)) as { metadata: { time: Times } }
    return metadata.time
  }

  async function send(call: object): Promise<void> {
    const { status, body } = await pipeline.track({ source: { id: 'my-source' }, ...call })
    assert.deepEqual([status, body['warnings']], [200, []], JSON.stringify(body))
  }

  it('are, in an import, the same moment in every form', async () => {
    const forms: Record<string, string | number> = {
      seconds: 1_672_531_200,
      fraction: 1_672_531_200.5,
      text: '1672531200',
      milliseconds: 1_672_531_200_000,
      iso: '2023-01-01T00:00:00Z',
      zone: '2023-01-01T02:00:00+02:00',
      naive: '2023-01-01T00:00:00',
      blank: '2023-01-01 00:00:00',
      day: '2023-01-01',
      microseconds: '2023-01-01T00:00:00.000999',
    }
    await send({
      session: { id: 'import', metadata: { time: { insert: 1_672_531_200, create: '2023-01-01 00:00:00' } } },
      profile: { id: 'imported', ids: ['crm-7'], metadata: { time: { create: '2022-12-31' } } },
      events: Object.entries(forms).map(([id, insert]) => ({ type: 'import', id, time: { insert, create: insert } })),
    })
    for (const id of Object.keys(forms)) {
      const { ingest, ...times } = await timesOf(id)
      const iso = id === 'fraction' ? '2023-01-01T00:00:00.500Z' : '2023-01-01T00:00:00.000Z'
      assert.deepEqual(times, { insert: iso, create: iso }, id)
      assert.ok(Date.now() - Date.parse(ingest) < 60_000)
    }
    const event = await sourceOf(`${pipeline.eventAlias}-*`, 'seconds')
    const { ingest } = await timesOf('seconds')
    const time = { insert: '2023-01-01T00:00:00.000Z', ingest, create: '2023-01-01T00:00:00.000Z' }
    assert.deepEqual(event, {
      id: 'seconds',
      type: 'import',
      name: 'import',
      metadata: { time },
      source: { id: 'my-source' },
      session: { id: 'import' },
      profile: { id: 'imported', ids: ['crm-7'] },
    })
    const session = await sourceOf(`${pipeline.config.indexPrefix}-session`, 'import')
    assert.deepEqual(session, {
      metadata: {
        time: { insert: '2023-01-01T00:00:00.000Z', create: '2023-01-01T00:00:00.000Z', update: ingest },
      },
      source: { id: 'my-source' },
      id: 'import',
      profile: { id: 'imported' },
    })
  })

  for (const [what, years] of [
    ['years behind, and its events before what is kept', -20],
    ['years ahead', 20],
  ] as const) {
    it(`are corrected if the clock of the client is ${what}; nothing is lost, and a retry is no conflict`, async () => {
      const skewMs = years * 31_557_600_000
      const happened = Date.now() - 3_600_000
      const create = new Date(happened + skewMs).toISOString()
      const call = () => ({
        session: { id: `clock${years}` },
        profile: { id: 'p' },
        sentAt: new Date(Date.now() + skewMs).toISOString(),
        events: [{ type: 't', id: `clock${years}`, time: { create } }],
      })
      const before = await pipeline.workerMetric('tracardi_worker_events_total{outcome="duplicate"}')
      await send(call())
      const times = await timesOf(`clock${years}`)
      assert.ok(Math.abs(Date.parse(times.create ?? '') - happened) < 5000, times.create)
      assert.equal(times.insert, times.ingest)
      assert.equal((times.original as { create: string }).create, create)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await send(call())
      await eventually(
        async () => (await pipeline.workerMetric('tracardi_worker_events_total{outcome="duplicate"}')) === before + 1,
      )
      assert.equal(await pipeline.workerMetric('tracardi_worker_events_total{outcome="conflict"}'), 0)
      assert.deepEqual(await timesOf(`clock${years}`), times)
    })
  }

  it('stay as they are without a time of sending, in any century', async () => {
    await send({
      events: [
        { type: 't', id: 'early', time: { insert: '0001-01-01' } },
        { type: 't', id: 'late', time: { insert: '9999-12-31T23:59:59.999Z' } },
      ],
    })
    assert.equal((await timesOf('early')).insert, '0001-01-01T00:00:00.000Z')
    assert.equal((await timesOf('late')).insert, '9999-12-31T23:59:59.999Z')
    assert.equal(await pipeline.deadLetters(), 0)
  })
})
