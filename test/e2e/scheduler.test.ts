import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { planOf } from '../../infra/config/plan.ts'
import type { NodeFact, PodFact } from '../../infra/doctor/cluster-facts.ts'
import { type Needs, needsOf, type PodNeed } from '../../infra/doctor/needs.ts'
import { type Fit, fitOf } from '../../infra/doctor/place.ts'
import { plannedObjects } from '../../infra/doctor/planned-objects.ts'
import { amountsOf } from '../../infra/doctor/quantity.ts'
import { Cluster } from '../support/cluster.ts'
import { changed, type StackName } from '../support/stack.ts'

/**
 * Where the doctor says that pods fit, a real kube-scheduler binds all of them: on random machines, which need no kubelet because
 * nothing runs. It needs a KUBECONFIG of a control plane for tests, without machines of its own.
 */
const CLUSTERS = 100
const SEED = Number(process.env['SCHEDULER_SEED'] ?? 20261128)
const NAMESPACE = 'doctor'
const ZONES = ['a', 'b', 'c']
/** Pods that belong to nobody's stack. */
const OTHERS = 'doctor-others'

const cluster = new Cluster()
const random = xoroshiro128plus(SEED)
const between = (least: number, most: number) => uniformInt(random, least, most)
const oneOf = <T>(all: readonly T[]): T => all[between(0, all.length - 1)] as T

interface RandomCluster {
  readonly nodes: readonly NodeFact[]
  readonly others: readonly PodFact[]
}

/** Machines with somewhat less or more than the pods ask for together. */
function randomCluster(needs: Needs): RandomCluster {
  const total = (of: 'cpu' | 'memory') => needs.pods.reduce((sum, { requests }) => sum + requests[of], 0)
  const largest = (of: 'cpu' | 'memory') => Math.max(...needs.pods.map(({ requests }) => requests[of]))
  const count = between(Math.max(1, needs.zones.length), 14)
  const factor = between(90, 320) / 100
  const zones = needs.zones.length > 0 ? needs.zones : ['a']
  const nodes = Array.from({ length: count }, (_, at): NodeFact => {
    const share = (of: 'cpu' | 'memory') =>
      Math.max(largest(of) * 1.05, (total(of) / count) * factor * (between(60, 140) / 100))
    const name = `machine-${at}`
    return {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'topology.kubernetes.io/zone': at < zones.length ? (zones[at] as string) : oneOf(zones),
      },
      taints: between(0, 9) === 0 ? [{ key: 'reserved', value: 'gpu', effect: 'NoSchedule' }] : [],
      unschedulable: between(0, 19) === 0,
      allocatable: amountsOf({
        cpu: `${Math.round(share('cpu') * 1000)}m`,
        memory: `${Math.round(share('memory') / 2 ** 20)}Mi`,
        'ephemeral-storage': '100Gi',
      }),
      pods: oneOf([8, 30, 110]),
    }
  })
  const others = nodes.flatMap((node) =>
    Array.from(
      { length: between(0, 3) },
      (_, at): PodFact => ({
        name: `other-${node.name}-${at}`,
        namespace: OTHERS,
        node: node.name,
        labels: { app: 'other' },
        requests: amountsOf({
          cpu: `${between(0, Math.round(node.allocatable.cpu * 80))}m`,
          memory: `${between(0, Math.round((node.allocatable.memory / 2 ** 20) * 0.08))}Mi`,
        }),
        apartFrom: [],
      }),
    ),
  )
  return { nodes, others }
}

const asListed = ({ cpu, memory, 'ephemeral-storage': disk }: PodFact['requests']) => ({
  cpu: `${Math.round(cpu * 1000)}m`,
  memory: String(Math.round(memory)),
  'ephemeral-storage': String(disk),
})

async function make(path: string, body: unknown): Promise<void> {
  const { status, body: answer } = await cluster.request('POST', path, body)
  assert.ok(status < 300 || status === 409, `${path}: ${status} ${answer.message}`)
}

async function makeNode({ name, labels, taints, unschedulable, allocatable, pods }: NodeFact): Promise<void> {
  const capacity = { ...asListed(allocatable), pods: String(pods) }
  const status = {
    capacity,
    allocatable: capacity,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Simulated' }],
  }
  await make('/api/v1/nodes', { metadata: { name, labels }, spec: { unschedulable } })
  await cluster.request('PATCH', `/api/v1/nodes/${name}/status`, { status }, 'application/merge-patch+json')
  // The API server has tainted it as not ready.
  await cluster.request('PATCH', `/api/v1/nodes/${name}`, { spec: { taints } }, 'application/merge-patch+json')
}

function podOf(
  namespace: string,
  name: string,
  labels: PodFact['labels'],
  requests: PodFact['requests'],
  spec: object,
) {
  return {
    metadata: { name, labels, namespace },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image: 'none', resources: { requests: asListed(requests) } }],
      ...spec,
    },
  }
}

async function schedule(pods: readonly PodNeed[]): Promise<{ bound: number; waiting: readonly string[] }> {
  for (const { name, labels, requests, affinity, topologySpreadConstraints } of pods)
    await make(
      `/api/v1/namespaces/${NAMESPACE}/pods`,
      podOf(NAMESPACE, name, labels, requests, { affinity, topologySpreadConstraints }),
    )
  for (;;) {
    const { items } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods`)
    // biome-ignore lint/suspicious/noExplicitAny: a pod as the API server has it
    const isDecided = ({ spec, status }: any) =>
      spec.nodeName !== undefined ||
      status.conditions?.some(
        ({ type, reason }: { type: string; reason: string }) => type === 'PodScheduled' && reason === 'Unschedulable',
      )
    if (items.every(isDecided)) {
      const waiting = items.filter(({ spec }: { spec: { nodeName?: string } }) => spec.nodeName === undefined)
      return {
        bound: items.length - waiting.length,
        waiting: waiting.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      }
    }
    await sleep(50)
  }
}

async function clean(): Promise<void> {
  for (const namespace of [NAMESPACE, OTHERS])
    await cluster.request('DELETE', `/api/v1/namespaces/${namespace}/pods?gracePeriodSeconds=0`)
  await cluster.request('DELETE', '/api/v1/nodes')
  for (const path of [`/api/v1/namespaces/${NAMESPACE}/pods`, `/api/v1/namespaces/${OTHERS}/pods`, '/api/v1/nodes'])
    while ((await cluster.get(path)).items.length > 0) await sleep(50)
}

const STACKS: readonly (readonly [StackName, Readonly<Record<string, unknown>>])[] = [
  ['dev', {}],
  ['dev', { bookkeeper: { replicas: 3 }, broker: { replicas: 2 }, api: { replicas: 4 } }],
  ['staging', { platform: { zones: ZONES } }],
  ['production', { platform: { zones: ZONES } }],
]

describe('where the doctor says that pods fit', function () {
  this.timeout(900_000)

  const verdicts: { verdict: Fit['verdict']; all: boolean; what: string }[] = []

  before(async () => {
    const { items } = await cluster.get('/api/v1/nodes')
    assert.deepEqual(
      items.filter(({ metadata }: { metadata: { name: string } }) => !metadata.name.startsWith('machine-')),
      [],
      'the cluster has machines of its own',
    )
    for (const name of [NAMESPACE, OTHERS]) await make('/api/v1/namespaces', { metadata: { name } })
    for (const namespace of [NAMESPACE, OTHERS])
      while ((await cluster.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status !== 200)
        await sleep(100)
    await clean()
  })
  after(clean)

  it(`the scheduler binds them all, on ${CLUSTERS} random clusters`, async () => {
    const planned: Needs[] = []
    for (const [stack, changes] of STACKS) {
      const plan = planOf(changed(stack, changes))
      planned.push({ ...needsOf(plan, await plannedObjects(plan)), namespace: NAMESPACE })
    }
    for (let at = 0; at < CLUSTERS; at++) {
      const needs = planned[at % planned.length] as Needs
      const { nodes, others } = randomCluster(needs)
      const { verdict } = fitOf({ nodes, pods: others, claims: [] }, needs)
      for (const node of nodes) await makeNode(node)
      for (const { name, node, labels, requests } of others)
        await make(`/api/v1/namespaces/${OTHERS}/pods`, podOf(OTHERS, name, labels, requests, { nodeName: node }))
      const { waiting, bound } = await schedule(needs.pods)
      verdicts.push({
        verdict,
        all: waiting.length === 0,
        what: `cluster ${at}, ${nodes.length} machines: ${verdict}, bound ${bound}, waiting ${waiting.join(' ')}`,
      })
      await clean()
    }
    const count = (verdict: Fit['verdict'], all: boolean) =>
      verdicts.filter((each) => each.verdict === verdict && each.all === all).length
    const table = (['fits', 'may_not_fit', 'does_not_fit'] as const).map(
      (verdict) => `${verdict}: bound ${count(verdict, true)}, not ${count(verdict, false)}`,
    )
    process.stdout.write(`      ${table.join('; ')} (seed ${SEED})\n`)
    const wrong = verdicts.filter(
      ({ verdict, all }) => (verdict === 'fits' && !all) || (verdict === 'does_not_fit' && all),
    )
    assert.deepEqual(
      wrong.map(({ what }) => what),
      [],
    )
    assert.ok(count('fits', true) >= 10, 'too few clusters fit to mean anything')
    assert.ok(count('does_not_fit', false) >= 10, 'too few clusters do not fit to mean anything')
  })
})
