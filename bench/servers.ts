import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ElasticsearchServer, startElasticsearch } from '../runtime/local/elasticsearch.ts'
import { homeFolder, homeIn, prepareHome } from '../runtime/local/home.ts'
import { installServers } from '../runtime/local/install.ts'
import { findJava } from '../runtime/local/java.ts'
import { freePort } from '../runtime/local/port.ts'
import { type PulsarServer, startPulsar } from '../runtime/local/pulsar.ts'
import { serverUser } from '../runtime/local/server-user.ts'

/** The servers that everything is measured on: the releases that `npm start` runs, with data of their own. */
export interface Servers {
  readonly pulsar: PulsarServer
  readonly elasticsearch: ElasticsearchServer
  /** A new folder for logs, sources and profiles; it goes with the servers. */
  readonly folder: string
  stop(): Promise<void>
}

const HEAP = { pulsar: '1g', elasticsearch: '2g' }

/** Starts Pulsar, where receipts mean "on the disk", and Elasticsearch with its own defaults. */
export async function startServers(say: (text: string) => void): Promise<Servers> {
  const java = await findJava()
  const runAs = serverUser()
  const home = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
  prepareHome(home, runAs)
  const distributions = await installServers(home, say, { java })
  const folder = mkdtempSync(join(tmpdir(), 'tracardi-bench-'))
  chmodSync(folder, 0o755)
  for (const name of ['pulsar', 'elasticsearch']) mkdirSync(join(folder, name))
  const [broker, web, bookie, http, transport] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const [pulsar, elasticsearch] = await Promise.all([
    startPulsar({
      ...{ java, runAs, heap: HEAP.pulsar, distribution: distributions.pulsar, folder: join(folder, 'pulsar') },
      ...{ brokerPort: broker, webPort: web, bookiePort: bookie },
    }),
    startElasticsearch({
      ...{ java, runAs, heap: HEAP.elasticsearch, distribution: distributions.elasticsearch },
      ...{ folder: join(folder, 'elasticsearch'), httpPort: http, transportPort: transport },
    }),
  ])
  return {
    pulsar,
    elasticsearch,
    folder,
    stop: async () => {
      await Promise.all([pulsar.stop(), elasticsearch.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
