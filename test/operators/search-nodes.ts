import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { serverUser } from '../../runtime/local/child.ts'
import { type ElasticsearchServer, startElasticsearch } from '../../runtime/local/elasticsearch.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { servers } from '../contract/servers.ts'

/** Nodes of Elasticsearch that are called as the pods of a StatefulSet, and that come and go. */
export class SearchNodes {
  readonly #set: string
  readonly #home: string
  readonly #founders: number
  readonly #transports: readonly number[]
  readonly #ports: readonly number[]
  readonly #roles: readonly string[]
  readonly #names: readonly string[]
  #isFounded = false
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
    const ports = await Promise.all(Array.from({ length: 2 * most }, () => freePort()))
    const nodes = new SearchNodes(set, count, ports, roles, names)
    for (let ordinal = 0; ordinal < most; ordinal += 1) mkdirSync(nodes.#folder(ordinal))
    await Promise.all(Array.from({ length: count }, (_, ordinal) => nodes.startNode(ordinal)))
    return nodes
  }

  private constructor(
    set: string,
    founders: number,
    ports: readonly number[],
    roles: readonly string[],
    names: readonly string[],
  ) {
    this.#roles = roles
    this.#names = names
    this.#set = set
    this.#founders = founders
    this.#transports = ports.slice(ports.length / 2)
    this.#ports = ports.slice(0, ports.length / 2)
    // Suites of one run may have nodes of the same name.
    this.#home = mkdtempSync(join(servers().folder, `${set}-`))
    chmodSync(this.#home, 0o755)
  }

  /** With the disk that it had, if it ran before. */
  async startNode(ordinal: number): Promise<void> {
    const { java, distributions } = servers()
    const server = await startElasticsearch({
      ...{ java, runAs: serverUser(), heap: '512m', distribution: distributions.elasticsearch },
      folder: this.#folder(ordinal),
      ...{ httpPort: this.#ports[ordinal] as number, transportPort: this.#transports[ordinal] as number },
      settings: {
        'cluster.name': this.#set,
        'node.name': this.nameOf(ordinal),
        ...(this.#roles[ordinal] === undefined ? {} : { 'node.roles': this.#roles[ordinal] }),
        'discovery.type': 'multi-node',
        ...this.#discovery(),
      },
    })
    this.#running.set(ordinal, server)
  }

  #founderNames(): readonly string[] {
    return Array.from({ length: this.#founders }, (_, at) => at)
      .filter((at) => this.#roles[at]?.includes('master') ?? true)
      .map((at) => this.nameOf(at))
  }

  /** As with the mark of the Job: nodes that start from now on found no cluster. */
  markFounded(): void {
    this.#isFounded = true
  }

  /** Takes the disk of a node that does not run. */
  loseDisk(ordinal: number): void {
    rmSync(this.#folder(ordinal), { recursive: true })
    mkdirSync(this.#folder(ordinal))
  }

  nameOf(ordinal: number): string {
    return this.#names[ordinal] ?? `${this.#set}-${ordinal}`
  }

  /** A client of some of the nodes, whether they run or not. The caller closes it. */
  client(...ordinals: readonly number[]): Client {
    return new Client({ nodes: ordinals.map((ordinal) => `http://127.0.0.1:${this.#ports[ordinal]}`), maxRetries: 3 })
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

  /** As in a stack: a node alone seeks nobody, and none founds a cluster once there is one. */
  #discovery(): Record<string, string> {
    const seeds = this.#transports.map((port) => `127.0.0.1:${port}`).join(',')
    if (this.#isFounded) return { 'discovery.seed_hosts': seeds }
    const founders = this.#founderNames().join(',')
    return { 'discovery.seed_hosts': this.#founders === 1 ? '' : seeds, 'cluster.initial_master_nodes': founders }
  }

  #folder(ordinal: number): string {
    return join(this.#home, this.nameOf(ordinal))
  }
}
