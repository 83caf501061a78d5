import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@elastic/elasticsearch'
import { type Config, loadConfig } from '../runtime/config.ts'
import { type Child, startChild } from '../runtime/local/child.ts'
import { freePort } from '../runtime/local/ports.ts'
import { type ProgramName, startProgram } from '../runtime/local/programs.ts'
import { answersOk, untilReady } from '../runtime/local/server.ts'
import { indicesOf, topicPath, topicSetUpOf, topicsOf } from '../runtime/names.ts'
import { type PulsarAdmin, pulsarAdmin } from '../runtime/queue/admin.ts'
import { setUpQueue } from '../runtime/queue/topic-set-up.ts'
import { searchClient } from '../runtime/search/client.ts'
import { setUpSearch } from '../runtime/search/index-set-up.ts'
import { periodOf } from '../runtime/search/indices.ts'
import type { Servers } from './servers.ts'

const READY_LIMIT_MS = 60_000
const PROGRAM_STOP_LIMIT_MS = 30_000

/** A folder with a checkout of this repository, whose programs are measured. */
export type Checkout = string

/** The servers, and what the lines of the table do with them. */
export class Lab {
  readonly servers: Servers
  readonly config: Config
  readonly search: Client
  readonly admin: PulsarAdmin
  readonly #profileFolder: string | undefined
  readonly #env: Record<string, string>

  private constructor(servers: Servers, env: Record<string, string>, profile: boolean) {
    this.servers = servers
    this.#env = env
    this.config = loadConfig(env)
    this.search = searchClient(this.config)
    this.admin = pulsarAdmin(this.config)
    this.#profileFolder = profile ? join(servers.folder, 'profiles') : undefined
  }

  static async open(servers: Servers, options: { readonly profile: boolean }): Promise<Lab> {
    const lab = new Lab(
      servers,
      {
        PULSAR_HOST: servers.pulsar.serviceUrl,
        PULSAR_API: servers.pulsar.adminUrl,
        ELASTIC_HOST: servers.elasticsearch.url,
        ELASTIC_INDEX_PREFIX: 'bench',
        ELASTIC_INDEX_REPLICAS: '0',
        PUBLIC_HOST: '127.0.0.1',
        PRIVATE_HOST: '127.0.0.1',
        PUBLIC_PORT: String(await freePort()),
        PRIVATE_PORT: String(await freePort()),
        SOURCES_FILE: writeSources(servers.folder, sourceNames(1)),
        // The last bulk of a measurement is rarely full; nothing else waits for this.
        BULK_TIMEOUT_SECONDS: '1',
        LOGGING_LEVEL: 'warn',
      },
      options.profile,
    )
    if (lab.#profileFolder !== undefined) mkdirSync(lab.#profileFolder)
    await setUpQueue(lab.admin, topicSetUpOf(lab.config))
    await setUpSearch(lab.search, lab.config)
    return lab
  }

  /** The configuration with a topic of its own, which is set up. */
  async withTopic(topic: string, partitions: number): Promise<Config> {
    const config = loadConfig({ ...this.#env, PULSAR_FUNCTION_TOPIC: topic, PULSAR_PARTITIONS: String(partitions) })
    await setUpQueue(this.admin, topicSetUpOf(config))
    return config
  }

  /** From now on new indices have that many shards, those of states too, and the programs are reported so. */
  async useShards(shards: number): Promise<void> {
    this.#env['ELASTIC_INDEX_SHARDS'] = String(shards)
    await setUpSearch(this.search, loadConfig(this.#env))
  }

  /** The index of the events of this moment. */
  get eventIndex(): string {
    const { event } = indicesOf(this.config)
    return `${event}-${periodOf(Date.now(), this.config.eventPartitioning)}`
  }

  /** Empty indices, with their shards ready: no line pays for making them, none for the documents of the line before. */
  async emptyIndices(): Promise<void> {
    const { session, profile } = indicesOf(this.config)
    const names = [this.eventIndex, session, profile]
    await this.search.indices.delete({ index: names, ignore_unavailable: true })
    for (const index of names) await this.search.indices.create({ index, wait_for_active_shards: 1 })
  }

  /** Operations on events that Elasticsearch has stored: it counts them as they come, searchable or not. */
  readonly stored = async (): Promise<number> => {
    const path = `${this.servers.elasticsearch.url}/${this.eventIndex}/_stats/indexing`
    const answer = await fetch(`${path}?filter_path=_all.primaries.indexing.index_total`)
    const stats = (await answer.json()) as { _all: { primaries: { indexing: { index_total: number } } } }
    return stats._all.primaries.indexing.index_total
  }

  /** Documents that can be found: what a line has really stored. */
  async documents(): Promise<number> {
    await this.search.indices.refresh({ index: this.eventIndex })
    return (await this.search.count({ index: this.eventIndex })).count
  }

  /**
   * Starts API or worker as the images run them, and waits until it is ready.
   *
   * @param from the checkout whose program it is; this one when omitted.
   */
  async start(name: ProgramName, overrides: Readonly<Record<string, string>> = {}, from?: Checkout): Promise<Child> {
    const privatePort = name === 'worker' ? await freePort() : this.config.privatePort
    const env = { PATH: process.env['PATH'], ...this.#env, PRIVATE_PORT: String(privatePort), ...overrides }
    const profiled = { ...env, ...this.#profiling(from === undefined ? name : `compared-${name}`) }
    const cli = from === undefined ? undefined : cliOf(from)
    const child = await startProgram(name, profiled, this.config, this.servers.folder, cli)
    const ready = `http://127.0.0.1:${privatePort}/health/ready`
    await untilReady(child, () => answersOk(ready), READY_LIMIT_MS, new AbortController().signal)
    return child
  }

  /** Starts one of the programs of the bench, which listens on the port that it is given. */
  async startOwn(name: string, args: readonly string[], port: number): Promise<Child> {
    const program = join(import.meta.dirname, 'programs', `${name}.ts`)
    const child = await startChild({
      ...{ name, program: process.execPath, args: [program, String(port), ...args] },
      ...{ cwd: process.cwd(), env: { PATH: process.env['PATH'] }, stopLimitMs: PROGRAM_STOP_LIMIT_MS },
      logFile: join(this.servers.folder, `${name}.log`),
    })
    const ready = `http://127.0.0.1:${port}/health/ready`
    await untilReady(child, () => answersOk(ready), READY_LIMIT_MS, new AbortController().signal)
    return child
  }

  /** Forgets everything that waits in the topic of the events. */
  async emptyTopic(): Promise<void> {
    const { events, eventsSubscription } = topicsOf(this.config)
    const path = `${topicPath(events)}/subscription/${eventsSubscription}/skip_all`
    const answer = await fetch(`${this.config.pulsarApi}/admin/v2/${path}`, { method: 'POST' })
    if (!answer.ok) throw new Error(`the topic could not be emptied: ${answer.status} ${await answer.text()}`)
  }

  /** Paths of the profiles written so far. */
  profiles(): readonly string[] {
    const folder = this.#profileFolder
    return folder === undefined ? [] : readdirSync(folder).map((name) => join(folder, name))
  }

  async close(): Promise<void> {
    await this.admin.close()
    await this.search.close()
  }

  #profiling(name: string): Record<string, string> {
    if (this.#profileFolder === undefined) return {}
    return {
      NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${this.#profileFolder} --cpu-prof-name=${name}-${Date.now()}.cpuprofile`,
    }
  }
}

/** The program of API and worker in a checkout. */
export function cliOf(checkout: Checkout): string {
  return join(checkout, 'runtime/cli.ts')
}

/** Names of sources; the first is the one that every line uses which does not say otherwise. */
export function sourceNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `source-${index}`)
}

/** Writes a sources file. @returns its path, for SOURCES_FILE. */
export function writeSources(folder: string, names: readonly string[]): string {
  const path = join(folder, `sources-${names.length}.json`)
  writeFileSync(path, JSON.stringify(Object.fromEntries(names.map((id) => [id, {}]))))
  return path
}
