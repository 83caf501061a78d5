import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { serverUser } from '../../runtime/local/child.ts'
import { type ElasticsearchServer, startElasticsearch } from '../../runtime/local/elasticsearch.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { servers } from '../contract/servers.ts'

/** Nodes of Elasticsearch that are called as the pods of a StatefulSet, and that come and go. */
export class SearchNodes {
  readonly #set: string
  readonly #founders: number
  readonly #transports: readonly number[]
  readonly #roles: readonly string[]
  readonly #names: readonly string[]
  readonly #running = new Map<number, ElasticsearchServer>()

  /**
   * @param most nodes that there will ever be.
   * @param roles of each node. @default all that it may have
   * @param names of each node. @default the set and the ordinal
   */
  static async start(
    set: string,
    count: number,
    most = count,
    roles: readonly string[] = [],
    names: readonly string[] = [],
  ): Promise<SearchNodes> {
    const transports = await Promise.all(Array.from({ length: most }, () => freePort()))
    const nodes = new SearchNodes(set, count, transports, roles, names)
    for (let ordinal = 0; ordinal < most; ordinal += 1) mkdirSync(nodes.#folder(ordinal))
    await Promise.all(Array.from({ length: count }, (_, ordinal) => nodes.startNode(ordinal)))
    return nodes
  }

  private constructor(
    set: string,
    founders: number,
    transports: readonly number[],
    roles: readonly string[],
    names: readonly string[],
  ) {
    this.#roles = roles
    this.#names = names
    this.#set = set
    this.#founders = founders
    this.#transports = transports
  }

  /** With the disk that it had, if it ran before. */
  async startNode(ordinal: number): Promise<void> {
    const { java, distributions } = servers()
    const server = await startElasticsearch({
      ...{ java, runAs: serverUser(), heap: '512m', distribution: distributions.elasticsearch },
      folder: this.#folder(ordinal),
      ...{ httpPort: await freePort(), transportPort: this.#transports[ordinal] as number },
      settings: {
        'cluster.name': this.#set,
        'node.name': this.nameOf(ordinal),
        ...(this.#roles[ordinal] === undefined ? {} : { 'node.roles': this.#roles[ordinal] }),
        'discovery.type': 'multi-node',
        'discovery.seed_hosts': this.#transports.map((port) => `127.0.0.1:${port}`).join(','),
        'cluster.initial_master_nodes': this.#founderNames().join(','),
      },
    })
    this.#running.set(ordinal, server)
  }

  #founderNames(): readonly string[] {
    return Array.from({ length: this.#founders }, (_, at) => at)
      .filter((at) => this.#roles[at]?.includes('master') ?? true)
      .map((at) => this.nameOf(at))
  }

  nameOf(ordinal: number): string {
    return this.#names[ordinal] ?? `${this.#set}-${ordinal}`
  }

  /** A client of some of the nodes. The caller closes it. */
  client(...ordinals: readonly number[]): Client {
    return new Client({ nodes: ordinals.map((ordinal) => this.#running.get(ordinal)?.url as string), maxRetries: 3 })
  }

  async kill(ordinal: number): Promise<void> {
    const server = this.#running.get(ordinal)
    this.#running.delete(ordinal)
    server?.kill()
    await server?.exited
  }

  async stopNode(ordinal: number): Promise<void> {
    await this.#running.get(ordinal)?.stop()
    this.#running.delete(ordinal)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((ordinal) => this.stopNode(ordinal)))
  }

  #folder(ordinal: number): string {
    return join(servers().folder, this.nameOf(ordinal))
  }
}
