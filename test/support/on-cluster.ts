import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from './cluster.ts'
import type { Load } from './load.ts'

const PAUSE_MS = 500
/** What is read of a page of ids. */
const ID_FILTER = 'filter_path=_scroll_id,hits.hits._source.id'

/** Little CPU is reserved, and none is forbidden: for several nodes of each kind on a machine of two cores. */
export const LITTLE_CPU = {
  platform: { cpuLimits: false },
  api: { cpuMillicores: 50 },
  workers: { cpuMillicores: 50 },
  broker: { cpuMillicores: 50 },
  bookkeeper: { cpuMillicores: 50 },
  zookeeper: { cpuMillicores: 50 },
  elasticsearch: { cpuMillicores: 100 },
} as const

/** A stack on a cluster, whose brokers ask for tokens and whose Elasticsearch asks for nothing. It is only read here, besides the Jobs that guides create from its CronJobs. */
export class OnCluster {
  readonly cluster = new Cluster()
  readonly namespace: string
  #jobs = 0

  constructor(namespace: string) {
    this.namespace = namespace
  }

  // biome-ignore lint/suspicious/noExplicitAny: any kind of object
  get(kind: string, name: string): Promise<any> {
    return this.cluster.get(`${pathOf(kind, this.namespace)}/${name}`)
  }

  /** The names and uids of the pods of a tier, without those that end. */
  async pods(tier: string): Promise<ReadonlyMap<string, string>> {
    const { items } = await this.cluster.get(
      `/api/v1/namespaces/${this.namespace}/pods?labelSelector=app.kubernetes.io/name=${tier}`,
    )
    const pods = items as readonly { metadata: { name: string; uid: string; deletionTimestamp?: string } }[]
    return new Map(
      pods
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => [metadata.name, metadata.uid]),
    )
  }

  async secret(name: string, key: string): Promise<string> {
    const { data } = await this.get('secrets', name)
    return Buffer.from(data[key], 'base64').toString()
  }

  /** A command of the pipeline that reads, in a pod of the workers or of the API. */
  async read(tier: 'worker' | 'api', ...args: readonly string[]): Promise<string> {
    const [pod = ''] = (await this.pods(tier)).keys()
    return this.cluster.exec(this.namespace, pod, tier, ['node', 'runtime/cli.ts', ...args])
  }

  /** A request to Elasticsearch. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever it answers
  async search(path: string, method = 'GET', body?: unknown): Promise<any> {
    const data = body === undefined ? [] : ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)]
    const command = ['curl', '-s', '-X', method, ...data, `http://localhost:9200/${path}`]
    return JSON.parse(await this.cluster.exec(this.namespace, 'elasticsearch-master-0', 'elasticsearch', command))
  }

  /** The ids of all events that are stored, as often as they are. */
  async storedIds(): Promise<readonly string[]> {
    await this.search('tracardi-event-*/_refresh', 'POST')
    const ids: string[] = []
    let page = await this.search(
      `tracardi-event-*/_search?scroll=1m&size=5000&sort=_doc&_source_includes=id&${ID_FILTER}`,
    )
    while (page.hits?.hits?.length > 0) {
      ids.push(...page.hits.hits.map(({ _source }: { _source: { id: string } }) => _source.id))
      page = await this.search(`_search/scroll?${ID_FILTER}`, 'POST', { scroll: '1m', scroll_id: page._scroll_id })
    }
    return ids
  }

  /** Stops the load, and asserts that each event with a 200 is stored, once. */
  async verify(load: Load): Promise<void> {
    await load.stop()
    const accepted = [...load.accepted]
    let ids: readonly string[] = []
    await this.until('each event is stored', async () => {
      ids = await this.storedIds()
      const stored = new Set(ids)
      return accepted.every((id) => stored.has(id))
    })
    const twice = ids.length - new Set(ids).size
    process.stdout.write(`      ${accepted.length} accepted, 0 lost, ${twice} twice\n`)
    assert.equal(twice, 0)
  }

  /** The status of the admin API of Pulsar, and its answer, with a token. */
  async admin(path: string, token: string): Promise<{ readonly status: number; readonly body: string }> {
    const curl = ['curl', '-s', '-w', '\n%{http_code}', '-H', `Authorization: Bearer ${token}`]
    const url = `http://localhost:8080/admin/v2/${path}`
    const lines = (await this.cluster.exec(this.namespace, 'broker-0', 'broker', [...curl, url])).split('\n')
    return { status: Number(lines.pop()), body: lines.join('\n') }
  }

  /** Creates a Job from a CronJob of the stack, as `kubectl create job --from` does, and waits for it. @returns its log. */
  async job(cronJob: string, variables: Readonly<Record<string, string>>): Promise<string> {
    this.#jobs += 1
    const name = `${cronJob}-${this.#jobs}`
    const { spec } = await this.get('cronjobs', cronJob)
    const template = structuredClone(spec.jobTemplate)
    const [container] = template.spec.template.spec.containers
    for (const variable of container.env)
      if (variables[variable.name] !== undefined) variable.value = variables[variable.name]
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: template.spec }
    await this.cluster.create(pathOf('jobs', this.namespace), job)
    await this.until(`the Job ${name} ends`, async () => {
      const { status: now } = await this.get('jobs', name)
      return (now.succeeded ?? 0) + (now.failed ?? 0) > 0
    })
    const { items } = await this.cluster.get(
      `/api/v1/namespaces/${this.namespace}/pods?labelSelector=batch.kubernetes.io/job-name=${name}`,
    )
    const log = await this.cluster.get(`/api/v1/namespaces/${this.namespace}/pods/${items[0].metadata.name}/log`)
    if ((await this.get('jobs', name)).status.succeeded !== 1) throw new Error(`the Job ${name} failed:\n${log}`)
    return log
  }

  /** Waits until a Deployment or StatefulSet has all its pods, as they are wanted now. */
  async ready(kind: 'deployments' | 'statefulsets', name: string, replicas: number): Promise<void> {
    await this.until(`${name} has ${replicas} pods`, async () => {
      const { metadata, spec, status } = await this.get(kind, name)
      const counts = [spec.replicas, status.replicas, status.readyReplicas, status.updatedReplicas]
      return status.observedGeneration === metadata.generation && counts.every((count) => count === replicas)
    })
  }

  /** Waits for what takes real time; a question that fails is asked again. @throws Error after five minutes. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const endMs = Date.now() + 300_000
    for (;;) {
      const answer = await holds().catch((error: Error) => error)
      if (answer === true) return
      const reason = answer === false ? '' : `: ${answer.message}`
      if (Date.now() > endMs) throw new Error(`it did not happen that ${what}${reason}`)
      await sleep(PAUSE_MS)
    }
  }
}

function pathOf(kind: string, namespace: string): string {
  const groups: Readonly<Record<string, string>> = {
    deployments: 'apis/apps/v1',
    statefulsets: 'apis/apps/v1',
    jobs: 'apis/batch/v1',
    cronjobs: 'apis/batch/v1',
  }
  return `/${groups[kind] ?? 'api/v1'}/namespaces/${namespace}/${kind}`
}
