import assert from 'node:assert/strict'
import type { ClusterFacts } from '../../../infra/doctor/cluster-facts.ts'
import { findingsOf } from '../../../infra/doctor/findings.ts'
import type { Needs } from '../../../infra/doctor/needs.ts'
import { amountsOf } from '../../../infra/doctor/quantity.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { cluster, machine, machines, needsWith, pod } from './simulated.ts'

type Stack = 'dev' | 'staging' | 'production' | 'watched' | 'scaled' | 'mapped' | 'placed'

const ZONES = ['a', 'b', 'c']

const OWN = { 'app.kubernetes.io/part-of': 'tracardi' }

/** A namespace in which the stack runs. */
const running = (labels: Readonly<Record<string, string>>) => ({ labels, terminating: false, hasStack: true })

const withClass = (changes: object): Partial<ClusterFacts> => ({
  storageClasses: [{ name: 'fast', isDefault: true, allowsExpansion: true, bindsImmediately: false, ...changes }],
})

/** Shapes of clusters, each for a stack, with the exact codes of what it lacks. */
const SHAPES: readonly (readonly [string, Stack, Partial<ClusterFacts>, readonly string[]])[] = [
  ['has all that dev needs', 'dev', {}, []],
  ['has all that production needs', 'production', {}, []],
  ['is too old', 'dev', { version: '1.26.9' }, ['kubernetes_too_old']],
  ['has no default StorageClass', 'dev', withClass({ isDefault: false }), ['storage_class_default_missing']],
  ['has no StorageClass of that name', 'scaled', withClass({ name: 'slow' }), ['storage_class_missing']],
  ['has a class that cannot expand', 'dev', withClass({ allowsExpansion: false }), ['storage_class_cannot_expand']],
  [
    'binds volumes before pods have a zone',
    'production',
    withClass({ bindsImmediately: true }),
    ['storage_class_binds_immediately'],
  ],
  ['binds immediately, which does no harm without zones', 'dev', withClass({ bindsImmediately: true }), []],
  ['has no CRDs of Prometheus', 'watched', { kinds: [] }, ['kind_not_served']],
  [
    'has no KEDA',
    'scaled',
    { kinds: [], pods: [], ...withClass({ name: 'gp3' }) },
    ['kind_not_served', 'keda_elsewhere'],
  ],
  [
    'has KEDA elsewhere',
    'scaled',
    {
      ...withClass({ name: 'gp3' }),
      pods: [pod('keda', 'machine-a-0', { namespace: 'scaling', labels: { app: 'keda-operator' } })],
    },
    ['keda_elsewhere'],
  ],
  ['has no class of Ingress', 'production', { ingressClasses: [] }, ['ingress_class_default_missing']],
  [
    'has another class of Ingress',
    'watched',
    { ingressClasses: [{ name: 'traefik', isDefault: true }] },
    ['ingress_class_missing'],
  ],
  ['has no metrics', 'production', { groups: ['apps'] }, ['metrics_not_served']],
  ['has no machine in a zone', 'production', { nodes: machines(['a', 'b'], 9) }, ['zone_without_machines']],
  [
    'has one machine a zone, where production keeps pods apart',
    'production',
    { nodes: machines(ZONES, 1) },
    ['pods_do_not_fit'],
  ],
  [
    'has taints on every machine',
    'dev',
    { nodes: machines(['a'], 3, { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }) },
    ['pods_do_not_fit'],
  ],
  [
    'has machines that are full',
    'dev',
    {
      nodes: [machine('machine-a-0', 'a')],
      pods: [pod('greedy', 'machine-a-0', { requests: amountsOf({ cpu: '63900m' }) })],
    },
    ['pods_do_not_fit'],
  ],
  [
    'has room for the pods alone',
    'dev',
    {
      nodes: [
        machine('machine-a-0', 'a', {
          allocatable: amountsOf({ cpu: '1310m', memory: '64Gi', 'ephemeral-storage': '99Gi' }),
        }),
      ],
    },
    ['rollout_has_no_room'],
  ],
  ['has cordoned machines only', 'dev', { nodes: machines(['a'], 2, { unschedulable: true }) }, ['pods_do_not_fit']],
  [
    'has a quota that is too small',
    'dev',
    { quotas: [{ name: 'team', hard: { 'requests.cpu': '1', pods: '50' }, scoped: false }] },
    ['quota_too_small'],
  ],
  [
    'limits containers to less',
    'dev',
    { limits: [{ name: 'team', type: 'Container', min: {}, max: { memory: '512Mi' } }] },
    ['limit_range_refuses'],
  ],
  [
    'limits claims to less',
    'dev',
    { limits: [{ name: 'team', type: 'PersistentVolumeClaim', min: {}, max: { storage: '1Gi' } }] },
    ['limit_range_refuses'],
  ],
  [
    'has the namespace already',
    'dev',
    { namespace: { labels: {}, terminating: false, hasStack: false } },
    ['namespace_exists'],
  ],
  [
    'has the namespace that the stack is to use',
    'placed',
    { namespace: { labels: {}, terminating: false, hasStack: false } },
    ['pod_security_not_restricted'],
  ],
  ['lacks the namespace that the stack is to use', 'placed', { namespace: null }, ['namespace_missing']],
  [
    'deletes the namespace',
    'dev',
    { namespace: { labels: {}, terminating: true, hasStack: true } },
    ['namespace_terminating'],
  ],
  ['runs the stack', 'dev', { namespace: running({ 'pod-security.kubernetes.io/enforce': 'restricted' }) }, []],
  ['runs the stack, and enforces less', 'dev', { namespace: running({}) }, ['pod_security_not_restricted']],
  [
    'gives the user no rights',
    'dev',
    { denied: ['create statefulsets.apps', 'patch statefulsets.apps'] },
    ['right_missing'],
  ],
  [
    'has no namespace of monitoring',
    'watched',
    { namespaces: ['default'], ingressClasses: [{ name: 'nginx', isDefault: false }] },
    ['monitoring_namespace_missing'],
  ],
  ['does not show vm.max_map_count', 'mapped', {}, ['max_map_count_unknown']],
]

describe('the doctor, of a cluster that', () => {
  const says = sentencesOf('doctor')
  const needs: Partial<Record<Stack, Needs>> = {}

  before(async () => {
    needs.dev = await needsWith('dev')
    needs.staging = await needsWith('staging')
    needs.production = await needsWith('production', {
      platform: { zones: ZONES },
      api: { autoscaling: 'cpu', ingressHost: 'events.example.com', ingressTlsSecret: 'tls' },
    })
    needs.watched = await needsWith('dev', {
      platform: { monitoringNamespaces: ['monitoring'] },
      observability: { monitors: 'podMonitor', rules: true },
      api: { ingressHost: 'events.example.com', ingressClass: 'nginx' },
    })
    needs.scaled = await needsWith('dev', {
      platform: { storageClass: 'gp3' },
      workers: { autoscaling: 'keda' },
      pulsar: { authentication: true },
    })
    needs.placed = await needsWith('dev', { platform: { createNamespace: false } })
    needs.mapped = await needsWith('dev', { elasticsearch: { memoryMap: true } })
  })

  for (const [shape, stack, changes, codes] of SHAPES) {
    it(`${shape} (${stack})`, () => {
      const findings = findingsOf(needs[stack] as Needs, cluster(changes))
      assert.deepEqual(
        findings.map(({ code }) => code),
        codes,
      )
      says(findings.map(({ level, text }) => `${level}: ${text}`))
    })
  }

  it('shows nothing to its user', () => {
    const findings = findingsOf(needs.dev as Needs, { version: '1.33.4' })
    assert.deepEqual(
      findings.map(({ code, facts }) => [code, facts['parts']]),
      [
        [
          'not_readable',
          [
            'nodes',
            'pods',
            'storageClasses',
            'ingressClasses',
            'kinds',
            'namespace',
            'namespaces',
            'claims',
            'volumes',
            'quotas',
            'limits',
          ],
        ],
      ],
    )
  })

  it('already runs the pods counts each of them once', () => {
    const { pods, claims } = needs.dev as Needs
    const [node] = machines(['a'], 1)
    const total = (of: 'cpu' | 'memory') => pods.reduce((sum, { requests }) => sum + requests[of], 0)
    const allocatable = { cpu: total('cpu') + 0.5, memory: total('memory') + 2 ** 30, 'ephemeral-storage': 1e12 }
    const full = { ...(node as NonNullable<typeof node>), allocatable }
    const present = pods.map(({ name, labels, requests, claims: own }) =>
      pod(own.length > 0 ? name : `${name}-x7f2c`, full.name, { namespace: 'tracardi', labels, requests }),
    )
    const facts = cluster({
      nodes: [full],
      pods: present,
      claims: claims.map(({ name }) => ({ name })),
      namespace: running({ 'pod-security.kubernetes.io/enforce': 'restricted' }),
      quotas: [{ name: 'team', hard: { 'requests.cpu': String(total('cpu') * 2) }, scoped: false }],
    })
    assert.deepEqual(
      findingsOf(needs.dev as Needs, facts).map(({ code }) => code),
      [],
    )
  })

  it('has a volume of the stack in another zone than the machines with room says so', () => {
    const facts = cluster({
      nodes: machines(['a'], 2),
      claims: [
        {
          name: 'data-zookeeper-0',
          terms: [{ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['b'] }] }],
        },
      ],
    })
    const [finding] = findingsOf(needs.dev as Needs, facts)
    assert.deepEqual(
      [finding?.code, finding?.facts['pod'], finding?.facts['volume']],
      ['pods_do_not_fit', 'zookeeper-0', 2],
    )
  })

  it('has other pods with room that the quota counts too', () => {
    const cpu = (needs.dev as Needs).pods.reduce((sum, { requests }) => sum + requests.cpu, 0)
    const quotas = [{ name: 'team', hard: { 'requests.cpu': String(cpu + 2) }, scoped: false }]
    const other = pod('other', 'machine-a-0', { namespace: 'tracardi', requests: amountsOf({ cpu: '2' }) })
    const own = { ...other, labels: OWN }
    const codes = (pods: ClusterFacts['pods'] & object) =>
      findingsOf(needs.dev as Needs, cluster({ quotas, pods })).map(({ code }) => code)
    assert.deepEqual([codes([other]), codes([own])], [['quota_too_small'], []])
  })
})
