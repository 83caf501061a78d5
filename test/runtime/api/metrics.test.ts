import assert from 'node:assert/strict'
import { type Api, buildApi, closeApis, fixedSources, goodCall, trackCall } from '../../support/api.ts'

describe('metrics of the API', () => {
  let api: Api
  beforeEach(async () => {
    api = await buildApi()
  })
  afterEach(closeApis)

  const lines = async () => (await api.registry.metrics()).split('\n')

  it('are these', async () => {
    const names = (await api.registry.getMetricsAsJSON()).map(({ name, type }) => `${name} ${type}`)
    assert.deepEqual(names, [
      'tracardi_api_events_total counter',
      'tracardi_api_source_events_total counter',
      'tracardi_api_requests_total counter',
      'tracardi_api_refused_calls_total counter',
      'tracardi_api_redirects_total counter',
      'tracardi_api_request_seconds histogram',
      'tracardi_api_receipt_seconds histogram',
      'tracardi_api_message_events histogram',
      'tracardi_api_unrouted_total counter',
      'tracardi_api_connections gauge',
      'tracardi_api_pending_bytes gauge',
      'tracardi_api_sources_faulty gauge',
      'tracardi_api_not_promised gauge',
      'tracardi_api_partition_open gauge',
    ])
  })

  it('begin with zeros, so that a rate exists from the first event on', async () => {
    const text = await lines()
    assert.ok(text.includes('tracardi_api_events_total{outcome="accepted"} 0'))
    assert.ok(text.includes('tracardi_api_events_total{outcome="unavailable"} 0'))
    assert.ok(text.includes('tracardi_api_pending_bytes 0'))
  })

  it('count refused calls by the source that they name, and keep the last reason of each', async () => {
    const call = (source: string, more: object = {}) => trackCall(goodCall({ source: { id: source }, ...more }))
    for (const source of ['a-stranger', 'another', 'closed']) await api.server.inject(call(source))
    await api.server.inject({
      ...call('shop'),
      headers: { ...call('shop').headers, origin: 'https://evil.example.com' },
    })
    await api.server.inject(call('shop', { events: [{ type: 7 }] }))
    await api.server.inject(trackCall('{'))
    await api.server.inject('/some/path/of/a/scanner')
    const text = await lines()
    assert.deepEqual(
      text.filter((line) => line.startsWith('tracardi_api_refused_calls_total')),
      [
        'tracardi_api_refused_calls_total{source="unknown",status="401"} 2',
        'tracardi_api_refused_calls_total{source="closed",status="401"} 1',
        'tracardi_api_refused_calls_total{source="shop",status="403"} 1',
        'tracardi_api_refused_calls_total{source="shop",status="422"} 1',
        'tracardi_api_refused_calls_total{source="unknown",status="422"} 1',
      ],
    )
    const reasons = Object.fromEntries(
      api.metrics.troubles.list().map(({ kind, where, reason }) => [`${kind} ${where}`, reason]),
    )
    assert.match(reasons['call_401 unknown'] ?? '', /^Access denied. Event source "another" is unknown/)
    assert.match(reasons['call_403 shop'] ?? '', /^Access denied. Origin .* \(a page of https:\/\/evil.example.com\)$/)
    assert.match(reasons['call_422 shop'] ?? '', /^body\.events\.0\.type: /)
  })

  it('have no more series, whatever callers name as their source', async () => {
    const named = (source: string) => trackCall(goodCall({ source: { id: source } }))
    await api.server.inject(named('a-stranger'))
    const before = (await lines()).length
    for (let guess = 0; guess < 50; guess += 1) await api.server.inject(named(`guess-${guess}`))
    const text = await lines()
    assert.equal(text.length, before)
    assert.ok(text.includes('tracardi_api_refused_calls_total{source="unknown",status="401"} 51'))
  })

  it('count events by what became of them, and answers by route and status', async () => {
    const events = ['a', 'b', 'c'].map((id) => ({ id, type: 't' }))
    await api.server.inject(trackCall(goodCall({ events })))
    await api.server.inject({ ...trackCall(goodCall()), url: '/track/' })
    await api.server.inject(trackCall('{'))
    await api.server.inject({ url: '/collect/t/shop', headers: { origin: 'https://shop.example.com' } })
    await api.server.inject('/some/path/of/a/scanner')
    const mixed = [...events, { id: 'd', type: 't', options: { saveEvent: false } }]
    await api.server.inject(trackCall(goodCall({ events: mixed, options: { saveSession: false } })))
    api.producer.connected = false
    await api.server.inject(trackCall(goodCall()))
    const text = await lines()
    for (const line of [
      'tracardi_api_events_total{outcome="accepted"} 8',
      'tracardi_api_events_total{outcome="not_stored"} 1',
      'tracardi_api_source_events_total{source="shop",outcome="accepted"} 8',
      'tracardi_api_source_events_total{source="shop",outcome="not_stored"} 1',
      'tracardi_api_source_events_total{source="shop",outcome="unavailable"} 1',
      'tracardi_api_events_total{outcome="unavailable"} 1',
      'tracardi_api_requests_total{route="/track",status="200"} 3',
      'tracardi_api_requests_total{route="/track",status="422"} 1',
      'tracardi_api_requests_total{route="/track",status="503"} 1',
      'tracardi_api_requests_total{route="/collect/:event_type/:source_id",status="200"} 1',
      'tracardi_api_requests_total{route="none",status="404"} 1',
      'tracardi_api_request_seconds_count{route="/track"} 5',
      'tracardi_api_receipt_seconds_count 4',
      'tracardi_api_message_events_sum 8',
    ]) {
      assert.ok(text.includes(line), `${line} in\n${text.join('\n')}`)
    }
  })

  it('report whether the sources file has a fault', async () => {
    assert.ok((await lines()).includes('tracardi_api_sources_faulty 0'))
    const faulty = await buildApi({}, { ...fixedSources(), fault: () => 'it is not JSON' })
    assert.match(await faulty.registry.metrics(), /^tracardi_api_sources_faulty 1$/m)
  })

  it('report the bytes that wait at this moment', async () => {
    api.budget.hold('one').resize(12_345)
    assert.ok((await lines()).includes('tracardi_api_pending_bytes 12345'))
  })
})
