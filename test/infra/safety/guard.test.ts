import assert from 'node:assert/strict'
import type { ResourceHook, ResourceHookArgs } from '@pulumi/pulumi'
import type { Facts } from '../../../infra/safety/facts.ts'
import { refuseChanges } from '../../../infra/safety/guard.ts'
import type { Allowances } from '../../../infra/safety/refusals.ts'
import { changed, registeredBy } from '../../support/stack.ts'

/** What the engine passes to a hook of the ConfigMap of facts. */
function update(before: Facts | undefined, after: Facts): ResourceHookArgs {
  const args = { urn: 'urn', id: 'id', name: 'facts', type: 'kubernetes:core/v1:ConfigMap', newInputs: { data: after } }
  return before === undefined ? args : { ...args, oldInputs: { data: before } }
}

const silent = () => undefined

async function guardOf(acknowledge: readonly string[]) {
  const resources = await registeredBy(changed('dev', { platform: { acknowledge } }))
  const facts = resources.find(({ name, type }) => name === 'facts' && type.endsWith(':ConfigMap'))
  const hooks = (facts?.options.hooks?.beforeUpdate ?? []) as readonly ResourceHook[]
  return { facts, hooks }
}

describe('refuseChanges', () => {
  it('throws every refused change, so that the engine stops', () => {
    const before = { 'zookeeper.diskGib': '20', 'zookeeper.replicas': '5', 'bookkeeper.replicas': '3' }
    const after = { 'zookeeper.diskGib': '10', 'zookeeper.replicas': '3', 'bookkeeper.replicas': '4' }
    assert.throws(() => refuseChanges(update(before, after), {}, silent), {
      message: `refused, because it could destroy data:
  - zookeeper.diskGib would go from 20 to 10: a volume cannot shrink; state the size that it has. If that is done, state platform.acknowledge: ["zookeeper.diskGib=10"]
  - zookeeper.replicas would go from 5 to 3: remove the node from the ensemble first: docs/operations.md, "Fewer ZooKeeper nodes". If that is done, state platform.acknowledge: ["zookeeper.replicas=3"]`,
    })
  })

  it('is silent where all is acknowledged, and where the old state has no facts', () => {
    const [before, after] = [{ 'zookeeper.replicas': '5' }, { 'zookeeper.replicas': '3' }]
    assert.doesNotThrow(() => refuseChanges(update(before, after), { acknowledge: ['zookeeper.replicas=3'] }, silent))
    assert.doesNotThrow(() => refuseChanges(update(undefined, after), {}, silent))
  })
})

describe('other masters', () => {
  const update = (masters: number) => ({
    data: { 'elasticsearch.masterNodes': `${masters}`, 'elasticsearch.elasticsearch-master.replicas': `${masters}` },
  })
  const judge = (old: number, now: number, allowances: Allowances) => {
    const said: string[] = []
    const inputs = { oldInputs: update(old), newInputs: update(now) } as never
    refuseChanges(inputs, allowances, (text) => said.push(text))
    return said
  }

  it('lose their votes first, and may grow, where a Job sees to it', () => {
    assert.deepEqual(judge(3, 1, { drains: true }), [
      'elasticsearch.elasticsearch-master.replicas would go from 3 to 1: its last masters lose their shards and votes first, and none goes before the others elect without it',
    ])
    assert.deepEqual(judge(1, 3, { drains: true }), [])
  })

  it('never go without a check', () => {
    const entry = 'elasticsearch.elasticsearch-master.replicas=3>1'
    assert.throws(() => judge(3, 1, { drains: true, skipCheck: [entry] }), {
      message: new RegExp(
        `masters cannot go without a check, because those that stay would be no majority and elect nobody; remove ${entry} from platform.skipCheck`,
      ),
    })
  })

  it('are refused without a Job', () => {
    for (const [old, now] of [
      [3, 1],
      [1, 3],
    ] as const)
      assert.throws(() => judge(old, now, { drains: false }), /elasticsearch.masterNodes would go from/)
  })
})

describe('fewer servers that can be drained', () => {
  const key = 'elasticsearch.elasticsearch-data-b.replicas'
  const judged = (old: string, now: string | undefined, skipCheck: readonly string[] = []) => {
    const said: string[] = []
    const after: Facts = now === undefined ? {} : { [key]: now }
    refuseChanges(update({ [key]: old }, after), { drains: true, skipCheck }, (text) => said.push(text))
    return said
  }

  it('are no refusal: the preview says that they are drained first', () => {
    assert.deepEqual(judged('3', '2'), [
      `${key} would go from 3 to 2: its last data nodes are drained first, and none goes before the servers say that it is empty`,
    ])
    assert.deepEqual(judged('2', '3'), [])
  })

  it('of ZooKeeper leave the ensemble first', () => {
    const said: string[] = []
    const [before, after] = [{ 'zookeeper.replicas': '5' }, { 'zookeeper.replicas': '3' }]
    refuseChanges(update(before, after), { drains: true }, (text) => said.push(text))
    assert.deepEqual(said, [
      'zookeeper.replicas would go from 5 to 3: its last ZooKeeper nodes leave the ensemble first, and none goes before the others say so',
    ])
  })

  it('are refused where a zone would lose all of them', () => {
    assert.throws(() => judged('1', undefined), {
      message: `refused, because it could destroy data:
  - ${key} would go from 1 to none: no zone may lose all its data nodes, because the copies of the others count on it; keep one in each. To replace a whole set, drain it to 0 first, next to the other one. If its data is lost anyway, state platform.skipCheck: ["${key}=1>none"]`,
    })
  })

  it('go without a check only by the very numbers, and loudly', () => {
    assert.deepEqual(judged('1', undefined, [`${key}=1>none`]), [
      `${key} would go from 1 to none WITHOUT A CHECK, as platform.skipCheck says: its data nodes are not drained, and what only they hold is lost. Remove the entry after this update`,
    ])
    assert.match(judged('3', '2', [`${key}=3>2`])[0] ?? '', /WITHOUT A CHECK/)
  })

  it('are refused, as any change of their number is, while an entry for other numbers is stated', () => {
    for (const [old, now] of [
      ['4', '2'],
      ['2', '3'],
    ] as const)
      assert.throws(() => judged(old, now, [`${key}=3>2`]), {
        message: `refused, because it could destroy data:
  - ${key} would go from ${old} to ${now}: platform.skipCheck has ${key}=3>2, which is for another change; remove it`,
      })
    assert.equal(judged('3', '2', ['bookkeeper.replicas=4>3']).length, 1)
  })

  it('are refused where no Job drains them', () => {
    assert.throws(() => refuseChanges(update({ [key]: '3' }, { [key]: '2' }), {}, silent), { code: 'change_refused' })
  })
})

describe('the guard of a stack', () => {
  it('asks before an update of the facts, in a preview already, and its refusal stops the update', async () => {
    const { hooks } = await guardOf([])
    assert.deepEqual(
      hooks.map(({ opts }) => opts),
      [{ onDryRun: true }],
    )
  })

  it('refuses what the stack does not acknowledge', async () => {
    const { facts, hooks } = await guardOf(['zookeeper.replicas=1'])
    const now = facts?.inputs.data as Facts
    const call = (before: Facts) => hooks[0]?.callback(update({ ...now, ...before }, now))
    assert.throws(() => call({ 'bookkeeper.journalGib': '65536' }), { code: 'change_refused' })
    assert.equal(call({ 'zookeeper.replicas': '3' }), undefined)
  })

  it('comes before everything that holds data', async () => {
    const { facts } = await guardOf([])
    const resources = await registeredBy(changed('dev', { platform: { acknowledge: [] } }))
    const place = (type: string) => resources.findIndex((resource) => resource.type.endsWith(type))
    const guard = resources.findIndex(({ urn }) => urn === facts?.urn)
    assert.ok(guard >= 0)
    for (const type of [':PersistentVolumeClaim', ':StatefulSet']) assert.ok(guard < place(type), type)
  })
})
