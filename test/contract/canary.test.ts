import assert from 'node:assert/strict'
import { freePort } from '../../runtime/local/ports.ts'
import { startApi } from '../../runtime/programs/api.ts'
import type { Program } from '../../runtime/programs/run.ts'
import { parseMetrics, sumOf } from '../../runtime/telemetry/metrics.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

describe('the canary of two APIs', () => {
  let pipeline: Pipeline
  let other: Program
  let otherUrl: string

  before(async () => {
    const port = String(await freePort())
    const settings = { PUBLIC_PORT: port, CANARY_URL: `http://127.0.0.1:${port}`, BULK_TIMEOUT_SECONDS: '0.2' }
    pipeline = await Pipeline.create('canary', settings)
    await pipeline.startApi()
    await pipeline.startWorker()
    const [publicPort, privatePort] = [await freePort(), await freePort()]
    otherUrl = `http://127.0.0.1:${privatePort}`
    other = await startApi({ ...pipeline.config, publicPort, privatePort }, silentLog)
  })
  after(async () => {
    await other.stop()
    await pipeline.close()
  })

  const metricsOf = async (url: string) => parseMetrics(await (await fetch(`${url}/metrics`)).text())
  const found = async (url: string) => sumOf(await metricsOf(url), 'tracardi_canary_seconds') ?? 0

  it('sends one event a minute all the way, and leaves nothing among the events of others', async function () {
    this.timeout(150_000)
    await eventually(async () => (await found(pipeline.monitoringUrl)) + (await found(otherUrl)) > 0)
    const metrics = await metricsOf(pipeline.monitoringUrl)
    const accepted = { source: 'tracardi-canary', outcome: 'accepted' }
    assert.equal(sumOf(metrics, 'tracardi_api_source_events_total', accepted), 1)
    for (const url of [pipeline.monitoringUrl, otherUrl])
      assert.equal(sumOf(await metricsOf(url), 'tracardi_canary_failures_total'), 0)

    const { search, config } = pipeline
    const index = `${config.indexPrefix}-canary`
    await eventually(async () => {
      await search.indices.refresh({ index })
      const { hits } = await search.search<{ type: string }>({ index })
      return hits.hits.length === 1 && hits.hits[0]?._source?.type === 'canary-claim'
    })
    const { count } = await search.count({
      index: `${config.indexPrefix}-*,-${index},-*-console`,
      allow_no_indices: true,
    })
    assert.equal(count, 0)
  })

  it('is nobody else: its source is refused without the secret', async () => {
    const call = { source: { id: 'tracardi-canary' }, events: [{ type: 'canary' }] }
    assert.equal((await pipeline.track(call)).status, 401)
  })
})
