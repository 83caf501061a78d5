import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Registry } from 'prom-client'
import { Budget } from '../../runtime/api/budget.ts'
import { LiveEvents } from '../../runtime/api/live-events.ts'
import { apiMetrics } from '../../runtime/api/metrics.ts'
import { buildPublicServer } from '../../runtime/api/public-server.ts'
import { Publisher } from '../../runtime/api/publisher.ts'
import { Refusals } from '../../runtime/api/refusals.ts'
import { watchSources } from '../../runtime/api/sources.ts'
import { loadConfig } from '../../runtime/config.ts'
import { createLogger } from '../../runtime/log.ts'

/**
 * The public listener of an API whose broker takes everything immediately, so that only the API is measured. It is reached over
 * the channel of its parent to begin a measurement, and answers each `end` with what was seen since.
 */
const config = loadConfig(process.env)
const log = createLogger({ ...config, logLevel: 'error' }, 'worst-listener')
const budget = new Budget(config.apiMaxPendingBytes)
const producer = { send: async () => undefined, isConnected: () => true, close: async () => undefined }
const limits = { bytes: config.messageMaxBytes, events: config.messageMaxEvents }
const sources = watchSources(config.sourcesFile, log)
const metrics = apiMetrics(new Registry(), {
  pendingBytes: () => budget.used,
  sourcesFault: () => sources.fault(),
  queue: { closed: () => [], partitions: () => [] },
})
const publisher = new Publisher(producer, limits, metrics)
const server = await buildPublicServer({
  ...{ config, sources, publisher, metrics, budget, log },
  live: new LiveEvents(false),
  refusals: new Refusals(),
})
await server.listen({ host: '127.0.0.1', port: config.publicPort })

/** Finer than what is looked for; the delay includes it. */
const RESOLUTION_MS = 1
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let peakBytes = 0
const peak = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}, RESOLUTION_MS)

process.on('message', (message) => {
  if (message === 'begin') {
    peakBytes = process.memoryUsage.rss()
    delay.reset()
    delay.enable()
    process.send?.('begun')
  } else {
    process.send?.({
      stoppedMs: delay.max / 1e6,
      peakBytes: Math.max(peakBytes, process.memoryUsage.rss()),
      heldBytes: budget.used,
    })
  }
})
process.on('disconnect', () => {
  clearInterval(peak)
  process.exit(0)
})
process.send?.('ready')
