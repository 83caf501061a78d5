import { join } from 'node:path'
import { autoCreateIndexSetting } from '../config.ts'
import type { Screen } from '../screen.ts'
import type { Child } from './child.ts'
import { startElasticsearch } from './elasticsearch.ts'
import { installServers, type ServerName } from './install.ts'
import { findJava } from './java.ts'
import type { AuthenticatedPlan } from './plan.ts'
import { freePortNear } from './ports.ts'
import { bookiePortOf, startPulsar } from './pulsar.ts'
import { together } from './supervise.ts'

/**
 * Installs and starts the servers that the plan names, concurrently. When one fails, the other is
 * stopped.
 *
 * @param on called with each server when its process exists, and again when it is ready.
 */
export async function startServers(
  plan: AuthenticatedPlan,
  screen: Screen,
  signal: AbortSignal,
  on: { readonly start: (child: Child) => void; readonly ready: (server: Child) => void },
): Promise<void> {
  const { home, local, runAs, starts, credentials } = plan
  const names = (['pulsar', 'elasticsearch'] as const).filter((name: ServerName) => starts[name])
  if (names.length === 0) return
  const java = await findJava(plan.env, runAs)
  const distributions = await installServers(home, (text) => screen.status(text), { names, java, signal })
  screen.status('')

  const common = { java, runAs, onStart: on.start }
  const start: Record<ServerName, (signal: AbortSignal) => Promise<Child>> = {
    pulsar: async (signal) =>
      startPulsar({
        ...common,
        signal,
        distribution: distributions.pulsar,
        folder: plan.pulsarFolder,
        logFile: join(home.logs, 'pulsar.log'),
        key: credentials.pulsarKey,
        brokerPort: local.pulsarPort,
        webPort: local.pulsarApiPort,
        bookiePort: bookiePortOf(plan.pulsarFolder) ?? (await freePortNear(3181)),
      }),
    elasticsearch: async (signal) =>
      startElasticsearch({
        ...common,
        signal,
        distribution: distributions.elasticsearch,
        folder: plan.elasticsearchFolder,
        logFile: join(home.logs, 'elasticsearch.log'),
        password: credentials.elasticPassword,
        httpPort: local.elasticPort,
        transportPort: await freePortNear(9300),
        settings: { 'action.auto_create_index': autoCreateIndexSetting(plan.config.indexPrefix) },
      }),
  }
  const startOne = async (name: ServerName, signal: AbortSignal): Promise<void> => {
    const startedAtMs = Date.now()
    const server = await start[name](signal)
    on.ready(server)
    screen.say(`${server.name} is ready (${Math.round((Date.now() - startedAtMs) / 1000)} s)`)
  }
  screen.say(`Starting ${names.map((name) => TITLES[name]).join(' and ')} …`)
  await together(
    names.map((name) => (either) => startOne(name, either)),
    signal,
  )
}

const TITLES = { pulsar: 'Pulsar', elasticsearch: 'Elasticsearch' } as const
