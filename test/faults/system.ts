import { join } from 'node:path'
import type { Client } from '@elastic/elasticsearch'
import { freePort } from '../../runtime/local/ports.ts'
import { topicPath, topicsOf } from '../../runtime/names.ts'
import { eventIdOf } from '../../runtime/search/documents.ts'
import type { Call } from '../../runtime/send/generate.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { mochaGlobalTeardown, servers, startServers } from '../contract/servers.ts'
import { eventually } from '../support/until.ts'
import { withDeleted } from './comparison.ts'
import { ConsoleWatch } from './console-watch.ts'
import { callOf, Load, post } from './load.ts'
import { Program } from './program.ts'
import type { Random } from './random.ts'
import { SearchProxy } from './search-proxy.ts'
import { SmallDisk } from './small-disk.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface SystemOptions {
  readonly random: Random
  readonly transport: string
  readonly eventsPerSecond: number
  /** Size of a disk of its own for Elasticsearch; 0 for that of the machine. */
  readonly searchDiskMib?: number
}

/** The connections of the programs to Pulsar: to its brokers, and to its admin and WebSocket APIs. */
export type QueueLinks = Pick<TcpProxy, 'cut' | 'delay' | 'silence' | 'slow'>

/** The whole: real servers, real programs, what can be done to them, and a load that never ends. */
export class System {
  readonly api: Program
  readonly worker: Program
  /** Between the programs and Pulsar. */
  readonly queue: QueueLinks
  readonly searchProxy: SearchProxy
  /** The disk of Elasticsearch, where it has one of its own. */
  readonly searchDisk: SmallDisk | undefined
  readonly pipeline: Pipeline
  readonly load: Load
  /** What the console of another API advises, which no fault touches. */
  readonly console: ConsoleWatch
  /** Figures that faults measure besides. */
  readonly notes: string[] = []
  /** Ids that were stored in indices which faults have deleted. */
  readonly #deleted = new Set<string>()
  readonly #close: () => Promise<void>

  private constructor(
    parts: Pick<System, 'api' | 'worker' | 'queue' | 'searchProxy' | 'searchDisk' | 'pipeline' | 'load' | 'console'>,
    close: () => Promise<void>,
  ) {
    this.api = parts.api
    this.worker = parts.worker
    this.queue = parts.queue
    this.searchProxy = parts.searchProxy
    this.searchDisk = parts.searchDisk
    this.pipeline = parts.pipeline
    this.load = parts.load
    this.console = parts.console
    this.#close = close
  }

  static async start({ random, transport, eventsPerSecond, searchDiskMib = 0 }: SystemOptions): Promise<System> {
    const [brokerPort, adminPort, searchPort] = [await freePort(), await freePort(), await freePort()]
    const ports = { broker: await freePort(), web: await freePort(), http: await freePort() }
    // Before the servers: a broker speaks to itself, too, at the address that it advertises.
    const broker = await TcpProxy.listen(brokerPort, ports.broker)
    const admin = await TcpProxy.listen(adminPort, ports.web)
    const searchProxy = await SearchProxy.listen(searchPort, `http://127.0.0.1:${ports.http}`, random)
    let searchDisk: SmallDisk | undefined
    await startServers({
      ports,
      pulsarConf: {
        // Where clients are led to: the native one would leave the proxy after its first lookup.
        advertisedListeners: `internal:pulsar://127.0.0.1:${brokerPort}`,
        internalListenerName: 'internal',
      },
      elasticsearchSettings: { 'cluster.info.update.interval': '10s' },
      prepare: (folder) => {
        if (searchDiskMib > 0) searchDisk = SmallDisk.mount(join(folder, 'data'), searchDiskMib)
      },
    })
    const pipeline = await Pipeline.create('faults', {
      BULK_TIMEOUT_SECONDS: '1',
      PULSAR_TRANSPORT: transport,
      // Some faults have an index of their own, up to three months away.
      EVENT_ID_WINDOW_HOURS: '3000',
    })
    await pipeline.makeIndexOfShortValues()
    const env = {
      ...pipeline.env,
      PULSAR_HOST: `pulsar://127.0.0.1:${brokerPort}`,
      PULSAR_API: `http://127.0.0.1:${adminPort}`,
      ELASTIC_HOST: `http://127.0.0.1:${searchPort}`,
      LOGGING_LEVEL: 'error',
      // Costs nothing until somebody looks.
      API_LIVE_EVENTS: 'yes',
    }
    const api = new Program('api', env)
    const worker = new Program('worker', { ...env, PRIVATE_PORT: new URL(pipeline.workerPrivateUrl).port })
    const lookout = new Program('api', {
      ...env,
      PUBLIC_PORT: `${await freePort()}`,
      PRIVATE_PORT: `${await freePort()}`,
      CONSOLE_INSTANCES: `${api.privateUrl},${worker.privateUrl}`,
    })
    for (const program of [api, worker, lookout]) program.start()
    await Promise.all([api.untilReady(), lookout.untilReady()])
    const console = new ConsoleWatch(lookout)
    const watching = setInterval(() => {
      api.watch()
      worker.watch()
    }, 500)
    const load = new Load(pipeline.publicUrl, eventsPerSecond)
    const all = (act: (proxy: TcpProxy) => void) => {
      for (const proxy of [broker, admin]) act(proxy)
    }
    const queue: QueueLinks = {
      cut: () => all((proxy) => proxy.cut()),
      delay: (ms) => all((proxy) => proxy.delay(ms)),
      slow: (bytesPerSecond) => all((proxy) => proxy.slow(bytesPerSecond)),
      silence: (on) => all((proxy) => proxy.silence(on)),
    }
    return new System({ api, worker, queue, searchProxy, searchDisk, pipeline, load, console }, async () => {
      clearInterval(watching)
      await console.close()
      await Promise.all([api, worker, lookout].map((program) => program.end('SIGKILL')))
      await Promise.all([broker.close(), admin.close(), searchProxy.close()])
      await pipeline.close()
      searchDisk?.unmount()
      await mochaGlobalTeardown()
    })
  }

  get search(): Client {
    return this.pipeline.search
  }

  /** Posts a call until it has its 200. */
  async deliver(call: Call): Promise<void> {
    await eventually(async () => (await post(this.pipeline.publicUrl, call)) === 200)
    this.load.take(call)
  }

  /** Time until a new event is answered 200 and stored. */
  async recoveryMs(): Promise<number> {
    const startedAt = performance.now()
    const call = callOf(1)
    await this.deliver(call)
    const ofCall = { term: { id: call.events[0]?.id as string } }
    await eventually(async () => {
      try {
        await this.search.indices.refresh({ index: `${this.pipeline.eventAlias}-*` })
        return (await this.search.count({ index: `${this.pipeline.eventAlias}-*`, query: ofCall })).count > 0
      } catch {
        return false
      }
    })
    return performance.now() - startedAt
  }

  /** Resolves when all that got a 200 is stored and nothing is under way, with the load held back for so long. */
  async drain(): Promise<void> {
    await this.load.pause()
    await eventually(async () => (await this.pipeline.backlog()) === 0)
    this.load.resume()
  }

  /** Asks Pulsar for something that only its operators do. */
  async pulsar(method: 'PUT' | 'POST', path: string, body?: unknown): Promise<void> {
    const topic = topicPath(topicsOf(this.pipeline.config).events)
    const response = await fetch(`${servers().pulsar.adminUrl}/admin/v2/${topic}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${servers().pulsar.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok)
      throw new Error(`Pulsar answered ${method} ${path} with ${response.status}: ${await response.text()}`)
  }

  /**
   * To be called before an index is deleted, when nothing can write to it any more: deleting destroys what is in it, so its
   * ids count as stored once, unless they are in another index as well.
   */
  async rememberStored(index: string): Promise<void> {
    for (const id of (await this.#documentsOf(index)).keys()) this.#deleted.add(id)
  }

  /** How many documents there are of each id, in all indices together. */
  async stored(): Promise<ReadonlyMap<string, number>> {
    return withDeleted(await this.#documentsOf(`${this.pipeline.eventAlias}-*`), this.#deleted)
  }

  async #documentsOf(index: string): Promise<Map<string, number>> {
    await this.search.indices.refresh({ index })
    const documents = new Map<string, number>()
    const pages = this.search.helpers.scrollSearch({ index, size: 10_000, _source: false, sort: ['_doc'] })
    for await (const page of pages)
      for (const { _id: id } of page.body.hits.hits)
        if (id !== undefined) documents.set(eventIdOf(id), (documents.get(eventIdOf(id)) ?? 0) + 1)
    return documents
  }

  close(): Promise<void> {
    return this.#close()
  }
}
