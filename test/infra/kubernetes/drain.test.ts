import assert from 'node:assert/strict'
import { drainPlanFrom } from '../../../runtime/drain/plan.ts'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

const of = (changes: Readonly<Record<string, unknown>> = {}) => registeredBy(changed('staging', changes))
const NODES = { dataNodes: 5, dataGib: 100 }

function jobOf(resources: readonly Registered[], when: 'before' | 'after') {
  const { inputs, options } =
    ofType(resources, 'Job').find(({ name }) => name === `elasticsearch-drain-${when}`) ?? assert.fail(`no ${when}`)
  const { spec } = inputs.spec.template
  const args: readonly string[] = spec.containers[0].args
  const plan = drainPlanFrom(args[args.indexOf('--plan') + 1] ?? '')
  return { name: inputs.metadata.name as string, job: inputs.spec, pod: spec, args, plan, options }
}

describe('the Jobs of a drain', () => {
  it('know the sets as the stack wants them', async () => {
    const { args, plan } = jobOf(await of({ elasticsearch: NODES }), 'before')
    assert.deepEqual(args.slice(0, 4), ['drain', 'before', '--servers', 'elasticsearch'])
    const set = (zone: string, replicas: number) => ({
      name: `elasticsearch-data-${zone}`,
      tier: 'elasticsearch-data',
      replicas,
      claims: ['data'],
      votes: false,
      unchecked: false,
    })
    const masters = {
      name: 'elasticsearch-master',
      tier: 'elasticsearch-master',
      replicas: 3,
      claims: ['data'],
      votes: true,
      unchecked: false,
    }
    assert.deepEqual(plan, {
      namespace: 'tracardi',
      volumes: 'keep',
      selector: 'app.kubernetes.io/part-of=tracardi,app.kubernetes.io/name in (elasticsearch-data,elasticsearch-warm)',
      gone: [],
      sets: [masters, set('a', 2), set('b', 2), set('c', 1)],
    })
  })

  it('are others when a count changes, and only then', async () => {
    const name = async (changes: Readonly<Record<string, unknown>>) => jobOf(await of(changes), 'before').name
    const now = await name({ elasticsearch: NODES })
    assert.equal(await name({ elasticsearch: { ...NODES, dataGib: 101 } }), now)
    assert.notEqual(await name({ elasticsearch: { ...NODES, dataNodes: 4 } }), now)
  })

  it('take as long as the stack says, delete volumes where it says so, and skip what it names', async () => {
    const platform = {
      drainMinutes: 7,
      drainedVolumes: 'delete',
      skipCheck: ['elasticsearch.elasticsearch-data-c.replicas=2>1', 'elasticsearch.elasticsearch-data-b.replicas=2>1'],
    }
    const { args, plan, job, options } = jobOf(await of({ platform, elasticsearch: NODES }), 'before')
    assert.equal(args[args.indexOf('--minutes') + 1], '7')
    assert.equal(job.activeDeadlineSeconds, 17 * 60)
    assert.deepEqual(options.customTimeouts, { create: '27m' })
    assert.equal(plan.volumes, 'delete')
    assert.deepEqual(
      plan.sets.map(({ unchecked }) => unchecked),
      [false, false, false, true],
    )
  })

  it('do not ask for the pods of sets that an operator has given up', async () => {
    const gone = 'elasticsearch.elasticsearch-data-d.replicas=2>none'
    const resources = await of({
      platform: { skipCheck: [gone, 'bookkeeper.replicas.d=1>none'] },
      elasticsearch: NODES,
    })
    assert.deepEqual(jobOf(resources, 'before').plan.gone, ['elasticsearch-data-d', 'bookkeeper.replicas.d'])
  })

  it('begin again when their pod is killed, and not when they say what is left', async () => {
    const { job, pod } = jobOf(await of({ elasticsearch: NODES }), 'after')
    assert.equal(pod.restartPolicy, 'Never')
    assert.equal(job.backoffLimit, 0)
    const killed = { operator: 'In', values: [137, 143] }
    assert.deepEqual(job.podFailurePolicy.rules.at(-1), { action: 'Ignore', onExitCodes: killed })
  })

  it('may see their sets, mark and delete volumes of the namespace, mark a cluster as founded, and nothing else', async () => {
    const resources = await of({ elasticsearch: NODES })
    const role = ofType(resources, 'Role').find(({ name }) => name === 'elasticsearch-drain')
    const sets = ['master', 'data-a', 'data-b', 'data-c'].map((name) => `elasticsearch-${name}`)
    assert.deepEqual(role?.inputs.rules, [
      { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: sets, verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['list'] },
      { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['list', 'patch', 'delete'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    ])
    const bookies = ofType(resources, 'Role').find(({ name }) => name === 'bookkeeper-drain')
    assert.equal(bookies?.inputs.rules.length, 3)
    const { pod } = jobOf(resources, 'before')
    assert.deepEqual([pod.serviceAccountName, pod.automountServiceAccountToken], ['elasticsearch-drain', true])
  })

  it('run before the sets and after them', async () => {
    const resources = await of({ elasticsearch: NODES })
    const place = (name: string) => resources.findIndex((one) => one.name === name)
    assert.ok(place('elasticsearch-drain-before') < place('data-elasticsearch-data-a-0'))
    assert.ok(place('elasticsearch-data-c') < place('elasticsearch-drain-after'))
  })

  it('let masters that hold data and data nodes take over from each other', async () => {
    const dev = await registeredBy(changed('dev', { elasticsearch: { mastersHoldData: true, dataNodes: 1 } }))
    assert.deepEqual(
      jobOf(dev, 'before').plan.sets.map(({ name, tier, votes }) => [name, tier, votes]),
      [
        ['elasticsearch-master', 'elasticsearch-data', true],
        ['elasticsearch-data', 'elasticsearch-data', false],
      ],
    )
  })
})
