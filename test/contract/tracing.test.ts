import assert from 'node:assert/strict'
import { Collector } from '../support/collector.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
/** States may go in a bulk of their own. */
const options = { saveSession: false, saveProfile: false }

describe('a traced call', () => {
  let collector: Collector
  let pipeline: Pipeline
  before(async () => {
    collector = new Collector()
    await collector.start()
    const settings = { BULK_TIMEOUT_SECONDS: '0.2', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    pipeline = await Pipeline.create('tracing', settings)
    await pipeline.startApi()
    await pipeline.startWorker()
  })
  after(async () => {
    await pipeline.close()
    await collector.stop()
  })

  async function send(traceparent: string): Promise<void> {
    const response = await fetch(`${pipeline.publicUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ source: { id: 'my-source' }, events: [{ type: 'a' }, { type: 'b' }], options }),
    })
    assert.equal(response.status, 200)
  }
  const exported = (name: string) => collector.spans.filter((span) => span.name === name)

  it('is one trace from the header through the message to the bulk, and has no other span', async () => {
    await send(`00-${TRACE}-${SPAN}-01`)
    await eventually(() => exported('POST /_bulk').length === 1 && exported('POST /track').length === 1)
    assert.deepEqual(collector.treeOf(TRACE), [
      'tracardi-api producer publish events < POST /track',
      `tracardi-api server POST /track < ${SPAN}`,
      'tracardi-worker client POST /_bulk < process events',
      'tracardi-worker consumer process events < publish events, links: publish events',
    ])
    assert.equal(collector.spans.length, 4)
  })

  it('is not traced where the caller has not sampled it, and begins a trace where its header is malformed', async () => {
    collector.spans.length = 0
    await send(`00-${TRACE}-${SPAN}-00`)
    await eventually(async () => (await pipeline.workerMetric('tracardi_worker_events_total{outcome="stored"}')) === 4)
    await send('00-nonsense')
    await eventually(() => exported('POST /_bulk').length === 1 && exported('POST /track').length === 1)
    const [first] = collector.spans
    assert.deepEqual(collector.treeOf(first?.traceId ?? ''), [
      'tracardi-api producer publish events < POST /track',
      'tracardi-api server POST /track < none',
      'tracardi-worker client POST /_bulk < process events',
      'tracardi-worker consumer process events < publish events, links: publish events',
    ])
    assert.equal(collector.spans.length, 4)
  })
})
