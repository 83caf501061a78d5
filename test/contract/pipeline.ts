import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, errors, type estypes } from '@elastic/elasticsearch'
import { type Config, loadConfig } from '../../runtime/config.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { monitoringPortOf } from '../../runtime/monitoring.ts'
import { topicSetUpOf, topicsOf } from '../../runtime/names.ts'
import { startApi } from '../../runtime/programs/api.ts'
import type { Program } from '../../runtime/programs/run.ts'
import { startWorker } from '../../runtime/programs/worker.ts'
import { type PulsarAdmin, pulsarAdmin } from '../../runtime/queue/admin.ts'
import { readBacklog } from '../../runtime/queue/backlog.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { setUpSearch } from '../../runtime/search/index-set-up.ts'
import { periodOf } from '../../runtime/search/indices.ts'
import { templatesOf } from '../../runtime/search/templates.ts'
import { silentLog } from '../support/log.ts'
import { SIGNED_IN, TOKEN } from '../support/private.ts'
import { eventually } from '../support/until.ts'
import { environmentFor, servers } from './servers.ts'

/** The API and a worker as their images run them, on the real servers, with topics and indices of their own. */
export class Pipeline {
  readonly config: Config
  readonly env: Record<string, string>
  readonly search: Client
  readonly admin: PulsarAdmin
  readonly publicUrl: string
  readonly privateUrl: string
  readonly monitoringUrl: string
  readonly workerPrivateUrl: string
  readonly #workerConfig: Config
  #api: Program | undefined
  #worker: Program | undefined

  private constructor(env: Record<string, string>, workerPort: number) {
    this.env = env
    this.config = loadConfig(env)
    this.#workerConfig = loadConfig({ ...env, PRIVATE_PORT: String(workerPort), MONITORING_PORT: '0' })
    this.search = searchClient(this.config)
    this.admin = pulsarAdmin(this.config)
    this.publicUrl = `http://127.0.0.1:${this.config.publicPort}`
    this.privateUrl = `http://127.0.0.1:${this.config.privatePort}`
    this.monitoringUrl = `http://127.0.0.1:${monitoringPortOf(this.config)}`
    this.workerPrivateUrl = `http://127.0.0.1:${workerPort}`
  }

  static async create(suite: string, settings: Record<string, string> = {}): Promise<Pipeline> {
    const sourcesFile = join(servers().folder, `${suite}-sources.json`)
    writeFileSync(sourcesFile, JSON.stringify({ 'my-source': { allowedOrigins: ['*'] }, 'other-source': {} }))
    const ports = { PUBLIC_PORT: String(await freePort()), PRIVATE_PORT: String(await freePort()) }
    const workerPort = await freePort()
    const instances = { CONSOLE_INSTANCES: `http://127.0.0.1:${workerPort}` }
    const access = { SOURCES_FILE: sourcesFile, PRIVATE_TOKEN: TOKEN }
    const env = environmentFor(suite, { ...access, ...instances, ...ports, ...settings })
    const pipeline = new Pipeline(env, workerPort)
    await setUpQueue(pipeline.admin, topicSetUpOf(pipeline.config))
    await setUpSearch(pipeline.search, pipeline.config)
    return pipeline
  }

  async startApi(): Promise<void> {
    this.#api = await startApi(this.config, silentLog)
    await eventually(async () => (await fetch(`${this.monitoringUrl}/health/ready`)).ok)
  }

  async startWorker(): Promise<void> {
    this.#worker = await startWorker(this.#workerConfig, silentLog)
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop()
    this.#worker = undefined
  }

  async close(): Promise<void> {
    await this.#api?.stop()
    await this.stopWorker()
    await this.admin.close()
    await this.search.close()
  }

  /** Posts a call; answers status and body. */
  async track(call: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.publicUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  /** Calls the private listener as an operator. */
  operate(path: string, method = 'GET'): Promise<Response> {
    return fetch(`${this.privateUrl}${path}`, { method, headers: SIGNED_IN })
  }

  /**
   * Makes the index of this month so that it refuses events with a property longer than 32,766 bytes, and no others, until
   * `takeLongValues`.
   */
  async makeIndexOfShortValues(nowMs = Date.now()): Promise<void> {
    const index = `${this.eventAlias}-${periodOf(nowMs, 'month')}`
    const mappings = this.#eventTemplate().mappings
    const { properties, ...fields } = mappings.properties as Record<string, { ignore_above?: number }>
    const { ignore_above: _, ...unlimited } = properties ?? {}
    await this.search.indices.create({
      index,
      ...this.#eventTemplate(),
      mappings: { ...mappings, properties: { ...fields, properties: unlimited } },
    } as estypes.IndicesCreateRequest)
  }

  async takeLongValues(): Promise<void> {
    const { properties } = this.#eventTemplate().mappings.properties as Record<string, object>
    const mapping = { index: `${this.eventAlias}-*`, properties: { properties } }
    await this.search.indices.putMapping(mapping as estypes.IndicesPutMappingRequest)
  }

  #eventTemplate() {
    const [event] = templatesOf(this.config)
    if (!event) throw new Error('there is no template for events')
    return event.body.template
  }

  get eventAlias(): string {
    return `${this.config.indexPrefix}-event`
  }

  /** Documents that can be found now; none before the first index. */
  async count(): Promise<number> {
    await this.search.indices.refresh({ index: `${this.eventAlias}-*` })
    return (await this.search.count({ index: `${this.eventAlias}-*` })).count
  }

  async untilStored(documents: number): Promise<void> {
    // A new index cannot be searched before its shards exist.
    const notYet = (error: unknown) => {
      if (error instanceof errors.ResponseError && error.statusCode === 503) return 0
      throw error
    }
    await eventually(async () => (await this.count().catch(notYet)) >= documents)
  }

  backlog(): Promise<number> {
    return readBacklog(this.admin, topicsOf(this.config).events).then(({ total }) => total)
  }

  deadLetters(): Promise<number> {
    return readBacklog(this.admin, topicsOf(this.config).deadLetters).then(({ total }) => total)
  }

  /** The value of a metric of the worker. */
  async workerMetric(line: string): Promise<number> {
    const text = await (await fetch(`${this.workerPrivateUrl}/metrics`)).text()
    const found = text.split('\n').find((one) => one.startsWith(`${line} `))
    return found === undefined ? Number.NaN : Number(found.slice(line.length + 1))
  }
}
