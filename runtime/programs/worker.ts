import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { systemClock } from '../clock.ts'
import type { ConfigOf } from '../config.ts'
import { messageOf } from '../errors.ts'
import { Health } from '../health.ts'
import { listenAt } from '../listener.ts'
import type { Logger } from '../log.ts'
import { addMonitoringRoutes, monitoringPortOf } from '../monitoring.ts'
import { topicsOf } from '../names.ts'
import { buildPrivateServer } from '../private-server.ts'
import { processInfo } from '../process-info.ts'
import { pulsarAdmin } from '../queue/admin.ts'
import { connectQueue } from '../queue/connect.ts'
import { superviseConsumer, superviseDeadLetters } from '../queue/supervised.ts'
import { searchClient, searchUnavailableReason } from '../search/client.ts'
import { assertSetUp } from '../search/index-set-up.ts'
import { IndexWatch } from '../search/index-watch.ts'
import { nodeLogger } from '../search/node-connection.ts'
import { storingIn } from '../search/storing.ts'
import { startTracer } from '../tracing/otlp.ts'
import { AdaptiveConcurrency } from '../worker/concurrency.ts'
import { workerMetrics } from '../worker/metrics.ts'
import { poolLimits } from '../worker/pool.ts'
import { Worker } from '../worker/worker.ts'
import type { Program } from './run.ts'

const SET_UP_POLL_MS = 2000

/** Starts a worker. It takes nothing before the set-up has run: without templates, Elasticsearch would guess mappings. */
export async function startWorker(config: ConfigOf<'worker'>, log: Logger): Promise<Program> {
  const topics = topicsOf(config)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  processInfo(registry, config)
  const concurrency = new AdaptiveConcurrency(config.bulkConcurrency)
  const metrics = workerMetrics(registry, concurrency, systemClock.wallMs, config)
  const logNode = nodeLogger(log)
  const search = searchClient(config, (node, reason) => {
    logNode(node, reason)
    metrics.searchNode(node, reason !== undefined)
  })
  const tracer = await startTracer(config, 'worker', log)
  const admin = pulsarAdmin(config)
  const transport = await connectQueue(config, admin, log)
  const deadLetters = superviseDeadLetters(transport, topics, log)
  const stop = new AbortController()
  const { keeper, shards, ...storing } = storingIn(search, config, log, () => watch.soon())
  const watch = new IndexWatch({
    client: search,
    config,
    keeper,
    shards,
    log,
    nowMs: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    report: (counts, faults) => {
      metrics.indexTroubles(counts)
      for (const { code, what, detail } of faults) metrics.troubles.note(code, what, detail)
    },
  })
  let watching: Promise<void> | undefined

  let worker: Worker | undefined
  let consumer: ReturnType<typeof superviseConsumer> | undefined
  let missing: string | undefined = 'the set-up was not looked for yet'
  const health = new Health([
    { name: 'pulsar', check: async () => consumer?.unavailableReason() ?? deadLetters.unavailableReason() },
    { name: 'set_up', check: async () => missing },
    { name: 'elasticsearch', check: () => searchUnavailableReason(search) },
    { name: 'indices', isAdvisory: true, check: async () => watch.fault() },
  ])
  const monitoringServer = await buildPrivateServer(config, log)
  addMonitoringRoutes(monitoringServer, {
    ...{ program: 'worker', transport: transport.name, health, registry },
    troubles: () => metrics.troubles.list(),
  })
  await listenAt(monitoringServer, { host: config.privateHost, port: monitoringPortOf(config) })

  const begin = async () => {
    const onMissing = (reason: string) => {
      missing = reason
      metrics.troubles.note('set_up_missing', '', reason)
    }
    await waitForSetUp(search, config, log, stop.signal, onMissing)
    if (stop.signal.aborted) return
    missing = undefined
    watching = watch.run(stop.signal)
    consumer = superviseConsumer(
      transport,
      { topic: topics.events, subscription: topics.eventsSubscription, prefetchMessages: config.prefetchMessages },
      log,
    )
    worker = new Worker({
      consumer,
      ...storing,
      sendDeadLetter: (message) => deadLetters.send(message),
      routingOf: shards.routingOf,
      limits: poolLimits(config, config.bulkTimeoutSeconds * 1000),
      concurrency,
      metrics,
      tracer,
      log,
      clock: systemClock,
      random: Math.random,
    })
    worker.start()
  }
  const beginning = begin()

  return {
    stop: async () => {
      health.stopping()
      stop.abort()
      await beginning
      await worker?.stop(config.shutdownGraceSeconds * 1000)
      await watching
      await deadLetters.close()
      await transport.close()
      await admin.close()
      await search.close()
      await tracer?.close()
      await monitoringServer.close()
    },
  }
}

async function waitForSetUp(
  search: Client,
  config: ConfigOf<'worker'>,
  log: Logger,
  signal: AbortSignal,
  onMissing: (reason: string) => void,
): Promise<void> {
  let last = ''
  while (!signal.aborted) {
    try {
      return await assertSetUp(search, config)
    } catch (error) {
      const reason = messageOf(error)
      onMissing(reason)
      if (reason !== last) log.warn({ err: error }, 'waiting for the set-up before receiving events')
      last = reason
      await sleep(SET_UP_POLL_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}
