import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverUser } from '../runtime/local/child.ts'
import { type ElasticsearchServer, startElasticsearch } from '../runtime/local/elasticsearch.ts'
import { homeFolder, homeIn, prepareHome } from '../runtime/local/home.ts'
import { installServers } from '../runtime/local/install.ts'
import { findJava } from '../runtime/local/java.ts'
import { freePort } from '../runtime/local/ports.ts'
import { type PulsarServer, startPulsar } from '../runtime/local/pulsar.ts'

/** The servers that everything is measured on: the releases that `npm start` runs, with data of their own. */
export interface Servers {
  readonly pulsar: PulsarServer
  readonly elasticsearch: ElasticsearchServer
  /** A new folder for logs, sources and profiles; it goes with the servers. */
  readonly folder: string
  stop(): Promise<void>
}

const HEAP = { pulsar: '1g', elasticsearch: '2g' }

/** Elasticsearch alone. */
export type SearchServer = Omit<Servers, 'pulsar'>

/** Starts Pulsar, where receipts mean "on the disk", and Elasticsearch with its own defaults. */
export async function startServers(say: Say): Promise<Servers> {
  const place = await preparePlace(say)
  const [pulsar, elasticsearch] = await Promise.all([startQueue(place), startSearch(place)])
  return { pulsar, elasticsearch, folder: place.folder, stop: () => stopAll(place, [pulsar, elasticsearch]) }
}

/** Starts Elasticsearch, likewise. */
export async function startSearchServer(say: Say): Promise<SearchServer> {
  const place = await preparePlace(say)
  const elasticsearch = await startSearch(place)
  return { elasticsearch, folder: place.folder, stop: () => stopAll(place, [elasticsearch]) }
}

type Say = (text: string) => void

type Place = Awaited<ReturnType<typeof preparePlace>>

async function preparePlace(say: Say) {
  const java = await findJava()
  const runAs = serverUser()
  const home = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
  prepareHome(home, runAs)
  const distributions = await installServers(home, say, { java })
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-bench-'))
  chmodSync(folder, 0o755)
  return { java, runAs, distributions, folder }
}

async function startQueue({ java, runAs, distributions, folder }: Place): Promise<PulsarServer> {
  const own = join(folder, 'pulsar')
  mkdirSync(own)
  return startPulsar({
    ...{ java, runAs, heap: HEAP.pulsar, distribution: distributions.pulsar, folder: own },
    ...{ brokerPort: await freePort(), webPort: await freePort(), bookiePort: await freePort() },
  })
}

async function startSearch({ java, runAs, distributions, folder }: Place): Promise<ElasticsearchServer> {
  const own = join(folder, 'elasticsearch')
  mkdirSync(own)
  return startElasticsearch({
    ...{ java, runAs, heap: HEAP.elasticsearch, distribution: distributions.elasticsearch, folder: own },
    ...{ httpPort: await freePort(), transportPort: await freePort() },
  })
}

async function stopAll({ folder }: Place, servers: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(folder, { recursive: true, force: true })
}
