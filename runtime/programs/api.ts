import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { Budget } from '../api/budget.ts'
import { LiveEvents } from '../api/live-events.ts'
import { addLiveRoutes } from '../api/live-routes.ts'
import { apiMetrics } from '../api/metrics.ts'
import { addOpenApi } from '../api/openapi.ts'
import { buildPublicServer } from '../api/public-server.ts'
import { Publisher } from '../api/publisher.ts'
import { addQueueRoutes } from '../api/queue-routes.ts'
import { Refusals } from '../api/refusals.ts'
import { watchSources, withCanary } from '../api/sources.ts'
import { Canary, canarySecret } from '../canary/canary.ts'
import { canaryMetrics } from '../canary/metrics.ts'
import { systemClock } from '../clock.ts'
import type { ConfigOf } from '../config.ts'
import { operatorConsole } from '../console/console.ts'
import { addConsolePage, addConsoleRoutes } from '../console/routes.ts'
import { Health } from '../health.ts'
import { listenAt } from '../listener.ts'
import type { Logger } from '../log.ts'
import { addMonitoringRoutes, type Monitored } from '../monitoring.ts'
import { type Topics, topicsOf } from '../names.ts'
import { addOperatorRoutes, buildPrivateServer } from '../private-server.ts'
import { processInfo } from '../process-info.ts'
import { type PulsarAdmin, pulsarAdmin } from '../queue/admin.ts'
import { connectQueue } from '../queue/connect.ts'
import { PartitionedProducer } from '../queue/partitions.ts'
import type { Transport } from '../queue/port.ts'
import { watchReader } from '../queue/reader-watch.ts'
import { searchClient } from '../search/client.ts'
import { startTracer } from '../tracing/otlp.ts'
import { stopServing } from './departure.ts'
import type { Program } from './run.ts'

/** Starts the API. All listeners open immediately; until Pulsar is reached, calls are answered 503. */
export async function startApi(config: ConfigOf<'api'>, log: Logger): Promise<Program> {
  const hasCanary = config.canaryUrl !== ''
  const ofFile = watchSources(config.sourcesFile, log)
  const sources = hasCanary ? withCanary(ofFile, canarySecret(config)) : ofFile
  const topics = topicsOf(config)
  const admin = pulsarAdmin(config)
  const transport = await connectQueue(config, admin, log)
  const producer = producerOf(config, topics, admin, transport, log)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  processInfo(registry, config)
  const budget = new Budget(config.apiMaxPendingBytes)
  const metrics = apiMetrics(registry, {
    pendingBytes: () => budget.used,
    sourcesFault: () => sources.fault(),
    queue: producer,
  })
  const limits = { bytes: config.messageMaxBytes, events: Math.min(config.messageMaxEvents, config.bulkSize) }
  const publisher = new Publisher(producer, limits, metrics)
  const health = new Health([
    { name: 'pulsar', check: async () => producer.unavailableReason() },
    { name: 'partitions', isAdvisory: true, check: async () => producer.leftOut() },
    { name: 'sources', check: async () => sources.fault() },
  ])

  const live = new LiveEvents(config.apiLiveEvents)
  const refusals = new Refusals()
  const tracer = await startTracer(config, 'api', log)
  const leaving = new AbortController()
  const publicServer = await buildPublicServer({
    ...{ config, sources, publisher, metrics, budget, live, refusals, tracer, log },
    leaving: leaving.signal,
  })
  const search = searchClient(config)
  const publishing = {
    unavailableReason: () => producer.unavailableReason(),
    notPromised: () => producer.closed()[0]?.code,
    leftOut: () => producer.leftOut(),
  }
  const troubles = () => metrics.troubles.list()
  const shown = operatorConsole({ config, topics, admin, transport, search, registry, troubles, publishing, log })
  const { privateServer, monitoringServer } = await buildPrivateServers(config, log, {
    publicServer,
    monitoring: { program: 'api', transport: transport.name, health, registry, troubles },
    addRoutes: (operators) => {
      addQueueRoutes(operators, admin, topics.tenant)
      addConsoleRoutes(operators, shown)
      addLiveRoutes(operators, live, refusals)
    },
  })
  await listenAt(publicServer, { host: config.publicHost, port: config.publicPort })
  await listenAt(privateServer, { host: config.privateHost, port: config.privatePort })
  if (monitoringServer) await listenAt(monitoringServer, { host: config.privateHost, port: config.monitoringPort })
  const canary = hasCanary
    ? new Canary({ config, client: search, metrics: canaryMetrics(registry, Date.now), log, clock: systemClock })
    : undefined
  canary?.start()
  shown.start()

  return {
    stop: async () => {
      await canary?.stop()
      await stopServing({ server: publicServer, health, leaving, delaySeconds: config.shutdownDelaySeconds })
      sources.close()
      await shown.close()
      await producer.close()
      await transport.close()
      await privateServer.close()
      await monitoringServer?.close()
      await admin.close()
      await search.close()
      await tracer?.close()
    },
  }
}

function producerOf(
  { publishTimeoutSeconds }: Pick<ConfigOf<'api'>, 'publishTimeoutSeconds'>,
  { events: topic, eventsSubscription: subscription }: Topics,
  admin: PulsarAdmin,
  transport: Transport,
  log: Logger,
): PartitionedProducer {
  const nowMs = () => Date.now()
  return new PartitionedProducer(transport, {
    topic,
    sendTimeoutMs: publishTimeoutSeconds * 1000,
    log,
    nowMs,
    watch: (onVerdict) => watchReader(admin, { topic, subscription }, { log, nowMs, onVerdict }),
  })
}

interface PrivateRoutes {
  readonly publicServer: FastifyInstance
  readonly monitoring: Monitored
  /** Adds what asks for the token of the operators. */
  readonly addRoutes: (operators: FastifyInstance) => void
}

/** The private listener, and the one for monitoring where it has a port of its own. */
async function buildPrivateServers(
  config: ConfigOf<'api'>,
  log: Logger,
  { publicServer, monitoring, addRoutes }: PrivateRoutes,
): Promise<{ privateServer: FastifyInstance; monitoringServer: FastifyInstance | undefined }> {
  const privateServer = await buildPrivateServer(config, log)
  const monitoringServer = config.monitoringPort === 0 ? undefined : await buildPrivateServer(config, log)
  addMonitoringRoutes(monitoringServer ?? privateServer, monitoring)
  addConsolePage(privateServer)
  await addOperatorRoutes(privateServer, config, log, (operators) => {
    addRoutes(operators)
    addOpenApi(operators, [
      { server: publicServer, port: config.publicPort, description: 'The public listener' },
      { server: privateServer, port: config.privatePort, description: 'The private listener' },
      ...(monitoringServer
        ? [{ server: monitoringServer, port: config.monitoringPort, description: 'The monitoring listener' }]
        : []),
    ])
  })
  return { privateServer, monitoringServer }
}
