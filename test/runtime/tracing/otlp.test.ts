import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import type { Tracer, TraceSpan } from '../../../runtime/trace.ts'
import { startTracer } from '../../../runtime/tracing/otlp.ts'
import { Collector } from '../../support/collector.ts'
import { recordingLog, silentLog } from '../../support/log.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const PARENT = `00-${TRACE}-${SPAN}-01`

describe('a tracer', () => {
  let collector: Collector
  beforeEach(async () => {
    collector = new Collector()
    await collector.start()
  })
  afterEach(() => collector.stop())

  const start = async (env: Record<string, string> = {}, log = silentLog): Promise<Tracer> => {
    const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env })
    return (await startTracer(config, 'api', log)) ?? assert.fail('no tracer')
  }
  const begun = (span: TraceSpan | undefined): TraceSpan => span ?? assert.fail('not sampled')

  it('exists only where a collector is configured', async () => {
    assert.equal(await startTracer(loadConfig({}), 'api', silentLog), undefined)
  })

  it('exports a call, what it published, and the batch that links to it', async () => {
    const tracer = await start({ OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=shop' })
    const call = begun(tracer.call('POST /track', PARENT))
    const publish = call.child('producer', 'publish events', { 'tracardi.events': 3 })
    const batch = begun(tracer.process([publish.traceparent], { 'tracardi.operations': 4 }))
    batch.child('client', 'POST /_bulk').end({ fault: 'it was refused' })
    for (const span of [batch, publish]) span.end()
    call.end({ attributes: { 'http.response.status_code': 200 } })
    await tracer.close()
    assert.deepEqual(collector.treeOf(TRACE), [
      'tracardi-api client POST /_bulk < process events',
      'tracardi-api consumer process events < publish events, links: publish events',
      'tracardi-api producer publish events < POST /track',
      `tracardi-api server POST /track < ${SPAN}`,
    ])
    const bulk = collector.spans.find(({ name }) => name === 'POST /_bulk')
    assert.deepEqual(bulk?.status, { code: 2, message: 'it was refused' })
    assert.deepEqual(collector.spans.find(({ name }) => name === 'POST /track')?.attributes, [
      { key: 'http.response.status_code', value: { intValue: 200 } },
    ])
    assert.deepEqual(
      collector.calls.map(({ path }) => path),
      ['/v1/traces'],
    )
    assert.equal(collector.calls[0]?.headers['x-tenant'], 'shop')
  })

  it('links a batch to each call, 64 at most, and to none that is malformed or not sampled', async () => {
    const tracer = await start({ OTEL_SERVICE_NAME: 'workers' })
    const ids = Array.from({ length: 80 }, (_, number) => String(number + 1).padStart(16, '0'))
    const bad = ['', 'x', `00-${TRACE}-${SPAN}-00`]
    begun(tracer.process([...bad, ids.map((id) => `00-${TRACE}-${id}-01`).join(',')], {})).end()
    assert.equal(tracer.process(bad, {}), undefined)
    await tracer.close()
    const links = collector.spans[0]?.links?.map(({ spanId }) => spanId)
    assert.deepEqual(links, ids.slice(0, 64 - bad.length))
    assert.equal(collector.spans[0]?.service, 'workers')
  })

  it('ignores a malformed traceparent: the call begins a trace of its own', async () => {
    const tracer = await start()
    const bad = ['', 'nonsense', `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `${PARENT}-x`]
    for (const traceparent of bad) begun(tracer.call('POST /track', traceparent)).end()
    await tracer.close()
    assert.deepEqual([collector.spans.length, collector.treeOf(TRACE)], [bad.length, []])
  })

  it('samples as the call says, and others as OTEL_TRACES_SAMPLER says', async () => {
    const sampledBy = async (OTEL_TRACES_SAMPLER: string, arg = '1') => {
      const tracer = await start({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: arg })
      const calls = [PARENT, PARENT.replace(/01$/, '00'), undefined].map((one) => tracer.call('call', one))
      await tracer.close()
      return calls.map((call) => call !== undefined)
    }
    assert.deepEqual(await sampledBy('parentbased_always_on'), [true, false, true])
    assert.deepEqual(await sampledBy('parentbased_always_off'), [true, false, false])
    assert.deepEqual(await sampledBy('parentbased_traceidratio', '0'), [true, false, false])
    assert.deepEqual(await sampledBy('traceidratio', '1'), [true, true, true])
    assert.deepEqual(await sampledBy('always_on'), [true, true, true])
    assert.deepEqual(await sampledBy('always_off'), [false, false, false])
  })

  it('logs that nothing can be exported, and ends anyway', async () => {
    collector.status = 400
    const { log, lines } = recordingLog()
    const tracer = await start({}, log)
    begun(tracer.call('call', undefined)).end()
    await tracer.close()
    assert.equal(lines.filter(({ msg }) => msg === 'spans could not be exported; events are not affected').length, 1)
  })
})
