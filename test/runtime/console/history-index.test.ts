import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { type HistoryIndex, historyIndex } from '../../../runtime/console/history-index.ts'
import type { Sample } from '../../../runtime/console/timeline.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import type { Answer, Call } from '../../support/scripted-server.ts'

const ATMS = Date.parse('2026-11-22T12:00:20Z')
const SAMPLE: Sample = {
  minute: 29_489_040,
  atMs: ATMS,
  ...{ acceptedPerSecond: 1, storedPerSecond: 2, backlogMessages: 3, starts: [], versions: [] },
}
const LATEST = { atMs: ATMS, minute: 29_489_040, processes: {} }

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
    await index.write([SAMPLE], LATEST)
    await index.write([SAMPLE], LATEST)
    assert.equal(asked().filter((one) => one === 'PUT /tracardi-console').length, 1)
    assert.equal(JSON.parse(elasticsearch.server.calls[0]?.text ?? '').settings.number_of_replicas, 2)
    const lines = (elasticsearch.server.calls[1]?.text ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(lines, [
      { create: { _id: '29489040' } },
      { at: '2026-11-22T12:00:20.000Z', sample: SAMPLE },
      { index: { _id: 'latest' } },
      { latest: LATEST },
    ])
  })

  it('may have been made by another API, and a sample may exist', async () => {
    answers['PUT /tracardi-console'] = { status: 400, body: { error: { type: 'resource_already_exists_exception' } } }
    written({ create: { status: 409 } }, { index: { status: 200 } })
    await index.write([SAMPLE], LATEST)
  })

  it('says why it cannot be made, or a sample is refused, and is made again when somebody has deleted it', async () => {
    answers['PUT /tracardi-console'] = { status: 403, body: { error: { type: 'security_exception' } } }
    await assert.rejects(index.write([SAMPLE], LATEST))
    answers = {}
    written({ create: { status: 404, error: { type: 'index_not_found_exception', reason: 'no such index' } } })
    await assert.rejects(index.write([SAMPLE], LATEST), {
      message: 'Elasticsearch refused a sample: 404 index_not_found_exception: no such index',
    })
    written(CREATED)
    await index.write([SAMPLE], LATEST)
    assert.equal(asked().filter((one) => one === 'PUT /tracardi-console').length, 3)
  })

  it('gives what the processes had counted, and the samples; nothing while there is no index', async () => {
    const none = { status: 404, body: { error: { type: 'index_not_found_exception' }, status: 404 } }
    answers['GET /tracardi-console/_doc/latest'] = none
    answers['POST /tracardi-console/_search'] = none
    assert.equal(await index.latest(), undefined)
    assert.deepEqual(await index.read(ATMS), [])
    answers['GET /tracardi-console/_doc/latest'] = { body: { _source: { latest: LATEST } } }
    answers['POST /tracardi-console/_search'] = { body: { hits: { hits: [{ _source: { sample: SAMPLE } }, {}] } } }
    assert.deepEqual(await index.latest(), LATEST)
    assert.deepEqual(await index.read(ATMS), [SAMPLE])
  })

  it('loses what is older than two days', async () => {
    answers['POST /tracardi-console/_pit'] = { body: { id: 'p' } }
    answers['POST /_search'] = { body: { hits: { hits: [] } } }
    await index.clean(ATMS)
    const search = elasticsearch.server.calls.find(({ path }) => path === '/_search')
    assert.deepEqual(JSON.parse(search?.text ?? '').query, { range: { at: { lt: '2026-11-20T12:00:20.000Z' } } })
  })
})
