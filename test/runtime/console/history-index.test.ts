import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { type HistoryIndex, historyIndex } from '../../../runtime/console/history-index.ts'
import type { PastAdvice } from '../../../runtime/console/state.ts'
import type { Sample } from '../../../runtime/console/timeline.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import type { Answer, Call } from '../../support/scripted-server.ts'

const ATMS = Date.parse('2026-11-22T12:00:20Z')
const SAMPLE: Sample = {
  minute: 29_489_040,
  atMs: ATMS,
  ...{ acceptedPerSecond: 1, storedPerSecond: 2, backlogMessages: 3, starts: [], versions: [] },
}
const LINE: PastAdvice = {
  code: 'pulsar_away',
  severity: 'act',
  ...{ title: 'Pulsar accepts no events', where: 'pulsar', fromMs: ATMS - 90_000, untilMs: ATMS },
}
const LATEST = { atMs: ATMS, minute: 29_489_040, processes: {} }
const MORE = { samples: [SAMPLE], advice: [], latest: LATEST }

describe('the index of the history', () => {
  const elasticsearch = scriptedClient()
  let answers: Record<string, Answer>
  let index: HistoryIndex
  const asked = () => elasticsearch.server.calls.map(({ method, path }) => `${method} ${path}`)

  beforeEach(() => {
    answers = {}
    elasticsearch.server.answer = ({ method, path }: Call) => answers[`${method} ${path}`] ?? { body: {} }
    index = historyIndex(elasticsearch.client, loadConfig({ ELASTIC_INDEX_REPLICAS: '2' }))
  })
  const written = (...results: readonly object[]) => {
    answers['PUT /tracardi-console/_bulk'] = { body: { items: results } }
    answers['POST /tracardi-console/_bulk'] = { body: { items: results } }
  }
  const CREATED = { create: { status: 201 } }

  it('is made once, before the first sample, with the copies of all indices', async () => {
    written(CREATED, { index: { status: 200 } })
    await index.write(MORE)
    await index.write(MORE)
    assert.equal(asked().filter((one) => one === 'PUT /tracardi-console').length, 1)
    assert.equal(JSON.parse(elasticsearch.server.calls[0]?.text ?? '').settings.number_of_replicas, 2)
    assert.deepEqual(linesOf(elasticsearch.server.calls[2]), [
      { create: { _id: '29489040' } },
      { at: '2026-11-22T12:00:20.000Z', sample: SAMPLE },
      { index: { _id: 'latest' } },
      { latest: LATEST },
    ])
  })

  const linesOf = (call: Call | undefined) =>
    (call?.text ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  it('keeps a line of advice once, whichever API saw it, and without a sample', async () => {
    written({ index: { status: 201 } })
    await index.write({ samples: [], advice: [LINE], latest: undefined })
    assert.deepEqual(linesOf(elasticsearch.server.calls[2]), [
      { index: { _id: 'pulsar_away 29922478' } },
      { at: '2026-11-22T12:00:20.000Z', advice: LINE },
    ])
  })

  it('gets the fields that an earlier release did not have', async () => {
    answers['PUT /tracardi-console'] = { status: 400, body: { error: { type: 'resource_already_exists_exception' } } }
    written(CREATED)
    await index.write(MORE)
    const [, mapping] = elasticsearch.server.calls
    assert.equal(mapping?.path, '/tracardi-console/_mapping')
    assert.deepEqual(Object.keys(JSON.parse(mapping?.text ?? '').properties), ['at', 'sample', 'advice', 'latest'])
  })

  it('may have been made by another API, and a sample may exist', async () => {
    answers['PUT /tracardi-console'] = { status: 400, body: { error: { type: 'resource_already_exists_exception' } } }
    written({ create: { status: 409 } }, { index: { status: 200 } })
    await index.write(MORE)
  })

  it('says why it cannot be made, or a sample is refused, and is made again when somebody has deleted it', async () => {
    answers['PUT /tracardi-console'] = { status: 403, body: { error: { type: 'security_exception' } } }
    await assert.rejects(index.write(MORE))
    answers = {}
    written({ create: { status: 404, error: { type: 'index_not_found_exception', reason: 'no such index' } } })
    await assert.rejects(index.write(MORE), {
      message: 'Elasticsearch refused a document of the history: 404 index_not_found_exception: no such index',
    })
    written(CREATED)
    await index.write(MORE)
    assert.equal(asked().filter((one) => one === 'PUT /tracardi-console').length, 3)
  })

  it('gives what the processes had counted, the samples and the advice; nothing while there is no index', async () => {
    const none = { status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } }
    answers['GET /tracardi-console/_doc/latest'] = none
    answers['POST /tracardi-console/_search'] = none
    assert.equal(await index.latest(), undefined)
    assert.deepEqual(await index.read(ATMS), { samples: [], advice: [] })
    answers['GET /tracardi-console/_doc/latest'] = { body: { _source: { latest: LATEST } } }
    answers['POST /tracardi-console/_search'] = {
      body: { hits: { hits: [{ _source: { sample: SAMPLE } }, { _source: { advice: LINE } }, {}] } },
    }
    assert.deepEqual(await index.latest(), LATEST)
    assert.deepEqual(await index.read(ATMS), { samples: [SAMPLE], advice: [LINE] })
  })

  it('loses what is older than two days', async () => {
    answers['POST /tracardi-console/_pit'] = { body: { id: 'p' } }
    answers['POST /_search'] = { body: { hits: { hits: [] } } }
    await index.clean(ATMS)
    const search = elasticsearch.server.calls.find(({ path }) => path === '/_search')
    assert.deepEqual(JSON.parse(search?.text ?? '').query, { range: { at: { lt: '2026-11-20T12:00:20.000Z' } } })
  })
})
