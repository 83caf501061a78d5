import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { costOf } from '../../../infra/cost.ts'
import { settledPlatform } from '../../../infra/platform-args.ts'
import { factsOf } from '../../../infra/platform-facts.ts'
import type { Facts } from '../../../infra/safety/facts.ts'
import { type Judgement, judgedChanges } from '../../../infra/safety/refusals.ts'
import { platformSettings } from '../../../infra/stack-args.ts'
import { drainPlanFrom } from '../../../runtime/drain/plan.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

type Keys = Readonly<Record<string, unknown>>

const ZONES = ['a', 'b', 'c']
const HEAP = { heapGib: 2 }
const FIRST = { dataNodes: 3, dataGib: 500, ...HEAP }
const OLD = { oldDataSet: 'first', oldDataNodes: 3, oldDataGib: 500, oldHeapGib: 2 }
const SMALL = { dataSet: 'small', dataNodes: 6, dataGib: 100, dataStorageClass: 'fast', ...HEAP }

/** What an operator states, update by update. */
const BESIDE = { ...SMALL, ...OLD }
const DRAINED = { ...BESIDE, oldDataNodes: 0 }

const production = (elasticsearch: Keys) => changed('production', { elasticsearch })
const setsOf = async (elasticsearch: Keys) =>
  ofType(await registeredBy(production(elasticsearch)), 'StatefulSet').filter(({ name }) => name.includes('-data'))
const factsBy = (elasticsearch: Keys): Facts =>
  factsOf(settledPlatform('platform', platformSettings(planOf(production(elasticsearch)))))
const judged = (before: Keys, after: Keys, more: Parameters<typeof judgedChanges>[2] = {}): Judgement =>
  judgedChanges(factsBy(before), factsBy(after), { drains: true, ...more })

describe('a set of data nodes next to another one', () => {
  it('has names, pods and volumes of its own, and leaves those of the other as they are', async () => {
    const [before, both] = [await setsOf(FIRST), await setsOf(BESIDE)]
    assert.deepEqual(
      both.map(({ name, inputs }) => [name, inputs.spec.replicas]),
      [
        ...ZONES.map((zone) => [`elasticsearch-data-small-${zone}`, 2]),
        ...ZONES.map((zone) => [`elasticsearch-data-${zone}`, 1]),
      ],
    )
    const first = (sets: typeof both) => sets.find(({ name }) => name === 'elasticsearch-data-b')?.inputs
    assert.deepEqual(first(both), first(before))
    const small = both.find(({ name }) => name === 'elasticsearch-data-small-b')?.inputs.spec
    assert.equal(small.selector.matchLabels['tracardi.com/set'], 'small')
    assert.equal(small.template.metadata.labels['tracardi.com/set'], 'small')
    const claims = ofType(await registeredBy(production(BESIDE)), 'PersistentVolumeClaim')
    const spec = (claim: string) => claims.find(({ name }) => name === claim)?.inputs.spec
    assert.deepEqual(
      [spec('data-elasticsearch-data-small-b-1'), spec('data-elasticsearch-data-b-0')].map((one) => [
        one.storageClassName,
        one.resources.requests.storage,
      ]),
      [
        ['fast', '100Gi'],
        [undefined, '500Gi'],
      ],
    )
  })

  it('has the class and the heap that are stated for the one that goes', async () => {
    const set = (await setsOf({ ...BESIDE, storageClass: 'all', oldDataStorageClass: 'slow', oldHeapGib: 3 })).at(-1)
    const { volumeClaimTemplates, template } = set?.inputs.spec ?? assert.fail('no set')
    assert.equal(volumeClaimTemplates[0].spec.storageClassName, 'slow')
    assert.equal(template.spec.containers[0].resources.limits.memory, '6144Mi')
  })

  it('takes over what the other one has: the Job of the drain knows both', async () => {
    const plan = async (keys: Keys) => {
      const job = ofType(await registeredBy(production(keys)), 'Job').find(
        ({ name }) => name === 'elasticsearch-drain-before',
      )
      const { args } = job?.inputs.spec.template.spec.containers[0] ?? assert.fail('no Job')
      return drainPlanFrom(args[args.indexOf('--plan') + 1]).sets.map(({ name, tier, replicas }) => [
        name,
        tier,
        replicas,
      ])
    }
    const rows = (name: string, replicas: number) =>
      ZONES.map((zone) => [`${name}-${zone}`, 'elasticsearch-data', replicas])
    assert.deepEqual(await plan(DRAINED), [
      ['elasticsearch-master', 'elasticsearch-master', 3],
      ...rows('elasticsearch-data-small', 2),
      ...rows('elasticsearch-data', 0),
    ])
  })

  it('stays in the stack without pods when it is drained, and unprotected: it may leave the stack then', async () => {
    const protection = async (keys: Keys) =>
      (await setsOf(keys)).map(({ name, inputs, options }) => [name, inputs.spec.replicas, options.protect ?? false])
    assert.deepEqual((await protection(BESIDE)).at(-1), ['elasticsearch-data-c', 1, true])
    assert.deepEqual((await protection(DRAINED)).at(-1), ['elasticsearch-data-c', 0, false])
    assert.deepEqual(
      (await setsOf(SMALL)).map(({ name }) => name),
      ZONES.map((zone) => `elasticsearch-data-small-${zone}`),
    )
  })

  it('costs nothing that stays', () => {
    const args = (keys: Keys) => platformSettings(planOf(production(keys)))
    assert.deepEqual(costOf(args(BESIDE)), costOf(args(SMALL)))
  })

  it('is possible in a stack without zones', async () => {
    const sets = await registeredBy(
      changed('staging', { platform: { zones: [] }, elasticsearch: { ...DRAINED, dataGib: 100 } }),
    )
    assert.deepEqual(
      ofType(sets, 'StatefulSet')
        .filter(({ name }) => name.includes('-data'))
        .map(({ name, inputs }) => [name, inputs.spec.replicas]),
      [
        ['elasticsearch-data-small', 6],
        ['elasticsearch-data', 0],
      ],
    )
  })
})

describe('the way to other disks of data nodes', () => {
  const key = (zone: string) => `elasticsearch.elasticsearch-data-${zone}.replicas`
  const WAY =
    'make a set of data nodes next to this one, which is then drained: docs/operations.md, "Another disk for data nodes"'

  it('is named where a disk of nodes that exist would change', () => {
    const smaller = judged(FIRST, { ...FIRST, dataGib: 100, dataStorageClass: 'fast' })
    const acknowledge = (text: string) => `. If that is done, state platform.acknowledge: ["${text}"]`
    assert.deepEqual(smaller.refused, [
      `elasticsearch.elasticsearch-data.diskGib would go from 500 to 100: a volume cannot shrink; state the size that it has, or ${WAY}${acknowledge('elasticsearch.elasticsearch-data.diskGib=100')}`,
      `elasticsearch.elasticsearch-data.storageClass would go from none to fast: a volume keeps its StorageClass; state the old one, or ${WAY}${acknowledge('elasticsearch.elasticsearch-data.storageClass=fast')}`,
    ])
  })

  it('is that of all nodes in a stack of an older release', () => {
    const { 'elasticsearch.elasticsearch-data.storageClass': _, ...older } = factsBy(FIRST)
    const refused = (now: Keys) => judgedChanges(older, factsBy(now), { drains: true }).refused.length
    assert.deepEqual([refused(FIRST), refused({ ...FIRST, dataStorageClass: 'fast' })], [0, 1])
  })

  it('has three updates, of which none is refused', () => {
    assert.deepEqual(judged(FIRST, BESIDE), { refused: [], said: [] })
    assert.deepEqual(judged(BESIDE, DRAINED), {
      refused: [],
      said: ZONES.map(
        (zone) =>
          `${key(zone)} would go from 1 to 0: its last data nodes are drained first, and none goes before the servers say that it is empty`,
      ),
    })
    assert.deepEqual(judged(DRAINED, SMALL), { refused: [], said: [] })
  })

  it('can be gone back, with the old volumes or with new ones', () => {
    assert.deepEqual(judged(BESIDE, { ...BESIDE, oldDataNodes: 6 }).refused, [])
    assert.deepEqual(judged(DRAINED, BESIDE).refused, [])
    const back = {
      ...FIRST,
      oldDataSet: 'small',
      oldDataNodes: 6,
      oldDataGib: 100,
      oldHeapGib: 2,
      oldDataStorageClass: 'fast',
    }
    assert.deepEqual(judged(SMALL, back).refused, [])
    assert.deepEqual(judged(SMALL, { ...back, oldDataGib: 90 }).refused.length, 1)
  })

  it('does not begin with a drain: nothing else could take over what they hold', () => {
    assert.deepEqual(
      judged(FIRST, DRAINED).refused,
      ZONES.map(
        (zone) =>
          `${key(zone)} would go from 1 to 0: no other data nodes of the stack could take over what its data nodes hold; keep them in this update, and drain them when the other set runs. If its data is lost anyway, state platform.skipCheck: ["${key(zone)}=1>0"]`,
      ),
    )
  })

  it('does not end before the drain: a set with nodes never leaves the stack', () => {
    const { refused } = judged(BESIDE, SMALL)
    assert.deepEqual(
      refused.map((text) => text.split(':')[0]),
      [
        ...ZONES.map((zone) => `${key(zone)} would go from 1 to none`),
        'elasticsearch.elasticsearch-data.diskGib would go from 500 to none',
        'elasticsearch.elasticsearch-data.storageClass would go from none to none',
      ],
    )
    assert.match(refused[0] ?? '', /To replace a whole set, drain it to 0 first, next to the other one/)
  })

  it('keeps every fact that the drained set had until it leaves the stack', () => {
    const { refused } = judged(DRAINED, { ...DRAINED, oldDataGib: 400 })
    assert.equal(refused.length, 1)
  })
})
