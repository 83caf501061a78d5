import assert from 'node:assert/strict'
import type { V1Affinity, V1Toleration, V1TopologySpreadConstraint } from '@kubernetes/client-node'
import type { NodeFact } from '../../../infra/doctor/cluster-facts.ts'
import type { PodNeed } from '../../../infra/doctor/needs.ts'
import { amountsOf } from '../../../infra/doctor/quantity.ts'
import { Room } from '../../../infra/doctor/room.ts'
import { machine } from './simulated.ts'

const LABELS = { tier: 'bookkeeper' }

function need(changes: Partial<PodNeed> = {}): PodNeed {
  const requests = amountsOf({ cpu: '1', memory: '1Gi' })
  return {
    name: 'bookkeeper-0',
    owner: 'bookkeeper',
    labels: LABELS,
    requests,
    limits: requests,
    containers: [],
    claims: [],
    ...changes,
  }
}

const room = (...nodes: NodeFact[]) => new Room(nodes, 'tracardi', [])

const apart = (topologyKey: string): V1Affinity => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: LABELS }, topologyKey }],
  },
})

const inZones = (operator: string, ...values: string[]): V1Affinity => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator, values }] }],
    },
  },
})

const node = machine('machine-a-0', 'a')
const obstacle = (changes: Partial<NodeFact>, pod: Partial<PodNeed> = {}) => {
  const other = { ...node, ...changes }
  return room(other).obstacle(other, need(pod))
}

describe('a pod is kept from a machine', () => {
  const taints = [{ key: 'reserved', value: 'gpu', effect: 'NoExecute' }]
  const tolerates = (toleration: V1Toleration) => obstacle({ taints }, { tolerations: [toleration] })

  it('by a taint that it does not tolerate', () => {
    assert.equal(obstacle({ taints }), 'taint')
    assert.equal(obstacle({ taints: [{ key: 'reserved', effect: 'PreferNoSchedule' }] }), undefined)
    assert.equal(tolerates({ key: 'reserved', value: 'gpu' }), undefined)
    assert.equal(tolerates({ key: 'reserved', operator: 'Exists' }), undefined)
    assert.equal(tolerates({ operator: 'Exists' }), undefined)
    assert.equal(tolerates({ key: 'reserved', value: 'disk' }), 'taint')
    assert.equal(tolerates({ key: 'reserved', operator: 'Exists', effect: 'NoSchedule' }), 'taint')
    assert.equal(obstacle({ unschedulable: true }), 'taint')
  })

  it('by the zone and the labels that it requires', () => {
    assert.equal(obstacle({}, { affinity: inZones('In', 'b') }), 'zone')
    assert.equal(obstacle({}, { affinity: inZones('In', 'b', 'a') }), undefined)
    assert.equal(obstacle({}, { affinity: inZones('NotIn', 'a') }), 'zone')
    assert.equal(obstacle({}, { affinity: inZones('Exists') }), undefined)
    assert.equal(obstacle({}, { affinity: inZones('DoesNotExist') }), 'zone')
    assert.equal(obstacle({}, { nodeSelector: { disk: 'ssd' } }), 'zone')
    assert.equal(obstacle({ labels: { size: '4' } }, { affinity: sized('Gt', '3') }), undefined)
    assert.equal(obstacle({ labels: { size: '4' } }, { affinity: sized('Lt', '4') }), 'zone')
  })

  it('by too little of a resource, to the last millicore', () => {
    const cpu = (total: string) => obstacle({ allocatable: amountsOf({ cpu: total, memory: '1Gi' }) })
    assert.deepEqual([cpu('1'), cpu('999m')], [undefined, 'cpu'])
    assert.equal(obstacle({ allocatable: amountsOf({ cpu: '1', memory: '1023Mi' }) }), 'memory')
    assert.equal(obstacle({ pods: 0 }), 'pods')
  })

  it('by a pod that it must be apart from, whichever of the two says so', () => {
    const other = machine('machine-a-1', 'a')
    const asks = room(node, other)
    asks.place(node, need())
    const isApart = (from: typeof asks, where: NodeFact, key: string) =>
      from.obstacle(where, need({ affinity: apart(key) }))
    assert.equal(isApart(asks, node, 'kubernetes.io/hostname'), 'apart')
    assert.equal(isApart(asks, other, 'kubernetes.io/hostname'), undefined)
    assert.equal(isApart(asks, other, 'topology.kubernetes.io/zone'), 'apart')
    const asked = room(node)
    asked.place(node, need({ affinity: apart('kubernetes.io/hostname') }))
    assert.equal(asked.obstacle(node, need()), 'apart')
    assert.equal(asked.obstacle(node, need({ labels: { tier: 'broker' } })), undefined)
  })

  it('by a pod of another namespace only if that one says so', () => {
    const foreign = (namespaces?: string[]) => {
      const shared = room(node)
      const term = { labelSelector: { matchLabels: LABELS }, topologyKey: 'kubernetes.io/hostname' }
      shared.put(node, {
        namespace: 'elsewhere',
        labels: LABELS,
        requests: amountsOf({}),
        apartFrom: [namespaces === undefined ? term : { ...term, namespaces }],
      })
      return shared.obstacle(node, need({ affinity: apart('kubernetes.io/hostname') }))
    }
    assert.deepEqual([foreign(), foreign(['tracardi'])], [undefined, 'apart'])
  })

  it('by zones that it would make uneven', () => {
    const spread: V1TopologySpreadConstraint = {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: LABELS },
    }
    const [b, bare] = [machine('machine-b-0', 'b'), { ...machine('machine-x', 'x'), labels: {} }]
    const zones = room(node, b, bare)
    const pod = need({ topologySpreadConstraints: [spread] })
    zones.place(node, pod)
    assert.deepEqual(
      [node, b, bare].map((each) => zones.obstacle(each, pod)),
      ['spread', undefined, 'spread'],
    )
    const soft = need({ topologySpreadConstraints: [{ ...spread, whenUnsatisfiable: 'ScheduleAnyway' }] })
    assert.equal(zones.obstacle(node, soft), undefined)
    // A zone that the pod may not be in is not one to be even with.
    assert.equal(zones.obstacle(node, { ...pod, affinity: inZones('In', 'a') }), undefined)
  })
})

function sized(operator: string, value: string): V1Affinity {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'size', operator, values: [value] }] }],
      },
    },
  }
}
