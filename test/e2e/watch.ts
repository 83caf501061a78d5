import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../support/cluster.ts'

const PERIOD_MS = 500
const TIERS = ['elasticsearch-master', 'bookkeeper'] as const

export interface Restart {
  readonly pod: string
  /** Whether it was the elected master when it was last seen. */
  readonly wasElected: boolean
}

export interface Seen {
  /** How many answers of Elasticsearch said red. */
  readonly red: number
  /** The maximum of shards that moved at the same time. */
  readonly relocating: number
  /** By tier, the maximum of pods that were not Ready at the same time. */
  readonly away: Readonly<Record<string, number>>
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Looks at the servers twice a second, and remembers the worst that it saw. */
export class Watch {
  readonly #cluster: Cluster
  readonly #namespace: string
  readonly #search: string
  readonly #uids = new Map<string, string>()
  readonly #restarts: Restart[] = []
  readonly #away: Record<string, number> = {}
  /** By pod, whether it was the elected master when it was last Ready. */
  readonly #wasElected = new Map<string, boolean>()
  #red = 0
  #relocating = 0
  #elected = ''
  #isStopped = false
  #running: Promise<void> = Promise.resolve()

  private constructor(cluster: Cluster, namespace: string, search: string) {
    this.#cluster = cluster
    this.#namespace = namespace
    this.#search = search
  }

  /** @param search the address of Elasticsearch. */
  static start(cluster: Cluster, namespace: string, search: string): Watch {
    const watch = new Watch(cluster, namespace, search)
    watch.#running = watch.#run()
    return watch
  }

  async stop(): Promise<Seen> {
    this.#isStopped = true
    await this.#running
    return { red: this.#red, relocating: this.#relocating, away: this.#away }
  }

  restarts(tier: string): readonly Restart[] {
    return this.#restarts.filter(({ pod }) => pod.startsWith(`${tier}-`))
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#lookAtSearch()
      await this.#lookAtPods()
      await sleep(PERIOD_MS)
    }
  }

  async #lookAtPods(): Promise<void> {
    const { items } = await this.#cluster.get(`/api/v1/namespaces/${this.#namespace}/pods`)
    for (const tier of TIERS) {
      const pods = (items as readonly Pod[]).filter(({ metadata }) => new RegExp(`^${tier}-\\d+$`).test(metadata.name))
      const isAway = ({ metadata, status }: Pod) =>
        metadata.deletionTimestamp !== undefined ||
        !status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
      this.#away[tier] = Math.max(this.#away[tier] ?? 0, pods.filter(isAway).length)
      for (const pod of pods) {
        const { name, uid } = pod.metadata
        const before = this.#uids.get(name)
        this.#uids.set(name, uid)
        if (before !== undefined && before !== uid)
          this.#restarts.push({ pod: name, wasElected: this.#wasElected.get(name) ?? false })
        if (!isAway(pod)) this.#wasElected.set(name, name === this.#elected)
      }
    }
  }

  async #lookAtSearch(): Promise<void> {
    const [health, nodes] = await Promise.all([this.#ask('_cluster/health'), this.#ask('_cat/master?format=json')])
    if (health?.status === 'red') this.#red += 1
    this.#relocating = Math.max(this.#relocating, health?.relocating_shards ?? 0)
    this.#elected = nodes?.[0]?.node ?? this.#elected
  }

  /** Nothing while the node that was asked goes away. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of Elasticsearch
  async #ask(path: string): Promise<any> {
    try {
      const answer = await fetch(`${this.#search}/${path}`, { signal: AbortSignal.timeout(5000) })
      return answer.ok ? await answer.json() : undefined
    } catch {
      return undefined
    }
  }
}
