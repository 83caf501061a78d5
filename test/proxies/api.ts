import { Registry } from 'prom-client'
import { Budget } from '../../runtime/api/budget.ts'
import { LiveEvents } from '../../runtime/api/live-events.ts'
import { apiMetrics } from '../../runtime/api/metrics.ts'
import { buildPublicServer } from '../../runtime/api/public-server.ts'
import { Publisher } from '../../runtime/api/publisher.ts'
import { Refusals } from '../../runtime/api/refusals.ts'
import { loadConfig } from '../../runtime/config.ts'
import { Health } from '../../runtime/health.ts'
import { listenAt } from '../../runtime/listener.ts'
import { createLogger } from '../../runtime/log.ts'
import { addMonitoringRoutes } from '../../runtime/monitoring.ts'
import { buildPrivateServer } from '../../runtime/private-server.ts'
import { stopServing } from '../../runtime/programs/departure.ts'
import { runUntilSignal } from '../../runtime/programs/run.ts'
import { fixedSources } from '../support/api.ts'
import { FakeProducer } from '../support/fake-producer.ts'

/** The listeners of the API, as it opens and closes them, on a broker in memory: for tests of everything before the queue. */
const config = loadConfig(process.env)
const log = createLogger(config, 'api')
const registry = new Registry()
const budget = new Budget(config.apiMaxPendingBytes)
const metrics = apiMetrics(registry, {
  pendingBytes: () => budget.used,
  sourcesFault: () => undefined,
  queue: { closed: () => [], partitions: () => [] },
})
const limits = { bytes: config.messageMaxBytes, events: config.messageMaxEvents }
const publisher = new Publisher(new FakeProducer(), limits, metrics)
const health = new Health([])
const leaving = new AbortController()
const server = await buildPublicServer({
  ...{ config, sources: fixedSources(['open', 'shop']), publisher, metrics, budget, log },
  ...{ live: new LiveEvents(false), refusals: new Refusals() },
  leaving: leaving.signal,
})
const privateServer = await buildPrivateServer(config, log)
addMonitoringRoutes(privateServer, { program: 'api', transport: 'none', health, registry, troubles: () => [] })
await listenAt(privateServer, { host: config.privateHost, port: config.privatePort })
await listenAt(server, { host: config.publicHost, port: config.publicPort })
const program = {
  stop: async () => {
    await stopServing({ server, health, leaving, delaySeconds: config.shutdownDelaySeconds })
    await privateServer.close()
  },
}
process.exit(await runUntilSignal(program, config.shutdownGraceSeconds, log))
