import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig } from '../../runtime/config.ts'
import { serverUser } from '../../runtime/local/child.ts'
import { generateCredentials } from '../../runtime/local/credentials.ts'
import { type ElasticsearchServer, startElasticsearch } from '../../runtime/local/elasticsearch.ts'
import { homeFolder, homeIn } from '../../runtime/local/home.ts'
import { installServers } from '../../runtime/local/install.ts'
import { findJava, type Java } from '../../runtime/local/java.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type PulsarServer, startPulsar } from '../../runtime/local/pulsar.ts'

/**
 * The real servers of the contract tests: the same releases that `npm start` runs, on free ports and with data of their
 * own. They start once for all files. A server that does not start fails the run; nothing is skipped.
 */

interface Started {
  readonly java: Java
  readonly distributions: Awaited<ReturnType<typeof installServers>>
  readonly folder: string
  readonly pulsar: PulsarServer
  readonly elasticsearch: ElasticsearchServer
  /** On the data of the one that was stopped. @param distribution another one. */
  readonly restartPulsar: (distribution?: string) => Promise<void>
  readonly restartElasticsearch: (distribution?: string) => Promise<void>
}

let started: (Started & { pulsar: PulsarServer; elasticsearch: ElasticsearchServer }) | undefined

export function servers(): Started {
  if (!started) throw new Error('the servers have not been started: run the contract tests by `npm run test:contract`')
  return started
}

/** A configuration of its own for each suite, so that no suite sees the data of another. */
export function configFor(suite: string, env: Record<string, string> = {}): Config {
  return loadConfig(environmentFor(suite, env))
}

export function environmentFor(suite: string, env: Record<string, string> = {}): Record<string, string> {
  const { pulsar, elasticsearch } = servers()
  return {
    PULSAR_HOST: pulsar.serviceUrl,
    PULSAR_API: pulsar.adminUrl,
    PULSAR_TENANT: suite,
    PULSAR_AUTH_TOKEN: pulsar.token,
    ELASTIC_HOST: elasticsearch.url,
    ELASTIC_HTTP_AUTH_USERNAME: elasticsearch.username,
    ELASTIC_HTTP_AUTH_PASSWORD: elasticsearch.password,
    ELASTIC_INDEX_PREFIX: suite.replaceAll('-', '_'),
    ELASTIC_INDEX_REPLICAS: '0',
    PUBLIC_HOST: '127.0.0.1',
    PRIVATE_HOST: '127.0.0.1',
    LOGGING_LEVEL: 'warn',
    ...env,
  }
}

/** As our servers have it for their one prefix: each suite has a prefix of its own. */
const NO_AUTO_CREATE = { 'action.auto_create_index': '-*-event-*,-*-session,-*-profile,+*' }

export interface ServerChoices {
  /** Overrides of `standalone.conf`. */
  readonly pulsarConf?: Readonly<Record<string, string>>
  /** Overrides of the node's settings. */
  readonly elasticsearchSettings?: Readonly<Record<string, string | number | boolean>>
  /** Ports that are to be known before the servers start. */
  readonly ports?: { readonly broker: number; readonly web: number; readonly http: number }
  /** Called with the folder of Elasticsearch before it starts. */
  readonly prepare?: (elasticsearchFolder: string) => void
  /** Folders of other releases. */
  readonly releases?: { readonly pulsar: string; readonly elasticsearch: string }
}

export function mochaGlobalSetup(): Promise<void> {
  return startServers({})
}

export async function startServers({
  pulsarConf,
  elasticsearchSettings,
  ports: known,
  prepare,
  releases,
}: ServerChoices): Promise<void> {
  const java = await findJava()
  const runAs = serverUser()
  const home = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
  let said = ''
  const distributions = await installServers(
    home,
    (text) => {
      // Maven reports its progress many times a second; a log wants each step once.
      const step = text.replaceAll(/[\d.]+/g, '')
      if (step !== said) process.stderr.write(`${text}\n`)
      said = step
    },
    { java },
  )
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-contract-'))
  chmodSync(folder, 0o755)
  const credentials = generateCredentials()
  const common = { java, runAs, heap: '768m' }
  const ports = {
    broker: await freePort(),
    web: await freePort(),
    bookie: await freePort(),
    http: await freePort(),
    transport: await freePort(),
    ...known,
  }
  const newPulsar = (distribution = releases?.pulsar ?? distributions.pulsar) =>
    startPulsar({
      ...common,
      distribution,
      folder: join(folder, 'pulsar'),
      brokerPort: ports.broker,
      webPort: ports.web,
      bookiePort: ports.bookie,
      key: credentials.pulsarKey,
      ...(pulsarConf ? { conf: pulsarConf } : {}),
    })
  const newElasticsearch = (distribution = releases?.elasticsearch ?? distributions.elasticsearch) =>
    startElasticsearch({
      ...common,
      distribution,
      folder: join(folder, 'elasticsearch'),
      httpPort: ports.http,
      transportPort: ports.transport,
      password: credentials.elasticPassword,
      settings: {
        ...NO_AUTO_CREATE,
        'path.repo': snapshots,
        ...elasticsearchSettings,
      },
    })
  for (const name of ['pulsar', 'elasticsearch']) mkdirSync(join(folder, name))
  // The servers have a user of their own.
  const snapshots = join(folder, 'snapshots')
  mkdirSync(snapshots)
  chmodSync(snapshots, 0o777)
  prepare?.(join(folder, 'elasticsearch'))
  const [pulsar, elasticsearch] = await Promise.all([newPulsar(), newElasticsearch()])
  started = {
    java,
    distributions,
    folder,
    pulsar,
    elasticsearch,
    restartPulsar: async (distribution) => {
      servers()
      if (started) started.pulsar = await newPulsar(distribution)
    },
    restartElasticsearch: async (distribution) => {
      if (started) started.elasticsearch = await newElasticsearch(distribution)
    },
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  if (!started) return
  await Promise.all([started.pulsar.stop(), started.elasticsearch.stop()])
  rmSync(started.folder, { recursive: true, force: true })
}
