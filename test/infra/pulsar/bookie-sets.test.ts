import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { planOf } from '../../../infra/config/plan.ts'
import { settledPlatform } from '../../../infra/platform-args.ts'
import { factsOf } from '../../../infra/platform-facts.ts'
import { type Judgement, judgedChanges } from '../../../infra/safety/refusals.ts'
import { platformSettings } from '../../../infra/stack-args.ts'
import { drainPlanFrom } from '../../../runtime/drain/plan.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'
import { fileOf, jobScript } from './files.ts'

type Keys = Readonly<Record<string, unknown>>

const ZONES = ['a', 'b', 'c']
const FIRST = { replicas: 6, journalGib: 20, ledgersGib: 500 }
const OLD = { oldSet: 'first', oldReplicas: 6, oldJournalGib: 20, oldLedgersGib: 500 }
const SMALL = { set: 'small', replicas: 6, journalGib: 10, ledgersGib: 100, ledgersStorageClass: 'cheap' }

/** What an operator states, update by update. */
const BOTH = { ...SMALL, ...OLD }
const DRAINED = { ...BOTH, oldReplicas: 0 }

const production = (bookkeeper: Keys) => changed('production', { bookkeeper })
const resourcesOf = (bookkeeper: Keys) => registeredBy(production(bookkeeper))
const setsOf = async (bookkeeper: Keys) =>
  ofType(await resourcesOf(bookkeeper), 'StatefulSet').filter(({ name }) => name.startsWith('bookkeeper'))
const factsBy = (keys: Keys) => factsOf(settledPlatform('platform', platformSettings(planOf(production(keys)))))
const judged = (before: Keys, after: Keys): Judgement =>
  judgedChanges(factsBy(before), factsBy(after), { drains: true })

describe('a set of bookies next to another one', () => {
  it('has names, pods and volumes of its own, and leaves those of the other as they are', async () => {
    const [before, both] = [await setsOf(FIRST), await setsOf(BOTH)]
    assert.deepEqual(
      both.map(({ name, inputs }) => [name, inputs.spec.replicas]),
      [...ZONES.map((zone) => [`bookkeeper-small-${zone}`, 2]), ...ZONES.map((zone) => [`bookkeeper-${zone}`, 2])],
    )
    const first = (sets: typeof both) => sets.find(({ name }) => name === 'bookkeeper-b')?.inputs
    assert.deepEqual(first(both), first(before))
    const claims = ofType(await resourcesOf(BOTH), 'PersistentVolumeClaim')
    const sizes = ['journal-bookkeeper-small-b-1', 'ledgers-bookkeeper-small-b-1', 'ledgers-bookkeeper-b-1'].map(
      (claim) => {
        const { spec } = claims.find(({ name }) => name === claim)?.inputs ?? assert.fail(claim)
        return [spec.storageClassName, spec.resources.requests.storage]
      },
    )
    assert.deepEqual(sizes, [
      [undefined, '10Gi'],
      ['cheap', '100Gi'],
      [undefined, '500Gi'],
    ])
  })

  it('has the classes that are stated for the one that goes', async () => {
    const classes = { oldJournalStorageClass: 'quick', oldLedgersStorageClass: 'slow' }
    const templates = (await setsOf({ ...BOTH, ...classes })).at(-1)?.inputs.spec.volumeClaimTemplates
    assert.deepEqual(
      templates.map(({ spec }: { spec: { storageClassName: string } }) => spec.storageClassName),
      ['quick', 'slow'],
    )
  })

  it('is known to its bookies with the number that is wanted of each set, and its turn', async () => {
    const map = ofType(await resourcesOf(DRAINED), 'ConfigMap').find(({ name }) => name === 'bookkeeper')
    const { 'bookkeeper.conf': _, ...counts } = map?.inputs.data ?? assert.fail('no ConfigMap')
    const rows = (set: string, replicas: string) =>
      ZONES.flatMap((zone, at) => [
        [`${set}-${zone}.replicas`, replicas],
        [`${set}-${zone}.turn`, `${at} 3`],
      ])
    assert.deepEqual(counts, Object.fromEntries([...rows('bookkeeper-small', '2'), ...rows('bookkeeper', '0')]))
  })

  it('has racks, and is wanted by the Job of the drain, which knows both', async () => {
    const ids = (script: string) => [...new Set(script.match(/bookkeeper-[a-z0-9-]+\.bookkeeper\./g))].sort()
    const small = ZONES.flatMap((zone) => [0, 1].map((at) => `bookkeeper-small-${zone}-${at}.bookkeeper.`))
    const first = ZONES.flatMap((zone) => [0, 1].map((at) => `bookkeeper-${zone}-${at}.bookkeeper.`))
    assert.deepEqual(ids(await jobScript('production', 'pulsar-metadata', { bookkeeper: BOTH })), [...first, ...small])
    const job = ofType(await resourcesOf(DRAINED), 'Job').find(({ name }) => name === 'bookkeeper-drain-before')
    const { initContainers, containers } = job?.inputs.spec.template.spec ?? assert.fail('no Job')
    assert.deepEqual(ids(containers[0].command[2]), small)
    const { args } = initContainers[0]
    const { sets } = drainPlanFrom(args[args.indexOf('--plan') + 1])
    assert.deepEqual(
      sets.map(({ name, replicas }) => [name, replicas]),
      [...ZONES.map((zone) => [`bookkeeper-small-${zone}`, 2]), ...ZONES.map((zone) => [`bookkeeper-${zone}`, 0])],
    )
  })

  it('goes unprotected when it is drained', async () => {
    const [full, empty] = [(await setsOf(BOTH)).at(-1), (await setsOf(DRAINED)).at(-1)]
    assert.deepEqual([full?.name, full?.options.protect], ['bookkeeper-c', true])
    assert.deepEqual([empty?.name, empty?.options.protect ?? false], ['bookkeeper-c', false])
    assert.equal((await setsOf(SMALL)).length, 3)
  })
})

describe('the way to other disks of bookies', () => {
  const key = (zone: string) => `bookkeeper.replicas.${zone}`

  it('is named where a disk of bookies that exist would change', () => {
    const way =
      'make a set of bookies next to this one, which is then drained: docs/operations.md, "Other disks for bookies"'
    const { refused } = judged(FIRST, { ...FIRST, ledgersGib: 100, journalStorageClass: 'fast' })
    assert.deepEqual(
      refused.map((text) => text.split('. If that')[0]),
      [
        `bookkeeper.ledgersGib would go from 500 to 100: a volume cannot shrink; state the size that it has, or ${way}`,
        `bookkeeper.journalStorageClass would go from none to fast: a volume keeps its StorageClass; state the old one, or ${way}`,
      ],
    )
  })

  it('has three updates, of which none is refused', () => {
    assert.deepEqual(judged(FIRST, BOTH), { refused: [], said: [] })
    const drained = judged(BOTH, DRAINED)
    assert.deepEqual([drained.refused, drained.said.length], [[], 3])
    assert.equal(
      drained.said[0],
      `${key('a')} would go from 2 to 0: its last bookies are drained first, and none goes before the servers say that it is empty`,
    )
    assert.deepEqual(judged(DRAINED, SMALL), { refused: [], said: [] })
    assert.deepEqual(judged(DRAINED, BOTH).refused, [])
  })

  it('can be gone back with the names exchanged', () => {
    const back = {
      ...FIRST,
      ...{ oldSet: 'small', oldReplicas: 6, oldJournalGib: 10, oldLedgersGib: 100, oldLedgersStorageClass: 'cheap' },
    }
    assert.deepEqual(judged(SMALL, back).refused, [])
    assert.deepEqual(
      judged(SMALL, { ...back, oldReplicas: 0 }).refused.map((text) => text.split(':')[0]),
      ZONES.map((zone) => `bookkeeper.small.replicas.${zone} would go from 2 to 0`),
    )
  })

  it('is not shortened: no drain without the other set, and no set that leaves with its bookies', () => {
    const starts = (before: Keys, after: Keys) => judged(before, after).refused.map((text) => text.split(':')[0])
    assert.deepEqual(
      starts(FIRST, DRAINED),
      ZONES.map((zone) => `${key(zone)} would go from 2 to 0`),
    )
    assert.deepEqual(
      starts(BOTH, SMALL).slice(-3),
      ZONES.map((zone) => `${key(zone)} would go from 2 to none`).slice(-3),
    )
    assert.ok(starts(BOTH, SMALL).includes('bookkeeper.ledgersGib would go from 500 to none'))
  })

  it('gives a set up with its bookies only where an operator says so', async () => {
    const skipCheck = ['bookkeeper.small.replicas.a=2>none', 'bookkeeper.replicas=4>none']
    const job = ofType(await registeredBy(changed('production', { bookkeeper: SMALL, platform: { skipCheck } })), 'Job')
    const before = job.find(({ name }) => name === 'bookkeeper-drain-before') ?? assert.fail('no Job')
    const { args } = before.inputs.spec.template.spec.initContainers[0]
    const { gone } = drainPlanFrom(args[args.indexOf('--plan') + 1])
    assert.deepEqual(gone, ['bookkeeper-small-a', 'bookkeeper'])
  })
})

describe('several volumes for a disk of a bookie', () => {
  const VOLUMES = { ...SMALL, journalVolumes: 2, ledgerVolumes: 3 }
  const bookieOf = async (keys: Keys, name: string) => {
    const set = (await setsOf(keys)).find((one) => one.name === name) ?? assert.fail(name)
    const [container] = set.inputs.spec.template.spec.containers
    const sed = /^sed '(.*)' \/config\/bookkeeper[.]conf > /m.exec(container.command[2])?.[1]
    return { claims: set.inputs.spec.volumeClaimTemplates, mounts: container.volumeMounts, sed }
  }

  it('are claims and folders of their own, over which the disk is divided', async () => {
    const { claims, mounts } = await bookieOf(VOLUMES, 'bookkeeper-small-a')
    assert.deepEqual(
      claims.map(({ metadata, spec }: { metadata: Keys; spec: { resources: { requests: Keys } } }) => [
        metadata['name'],
        spec.resources.requests['storage'],
      ]),
      [
        ['journal', '5Gi'],
        ['journal1', '5Gi'],
        ['ledgers', '34Gi'],
        ['ledgers1', '34Gi'],
        ['ledgers2', '34Gi'],
      ],
    )
    const folders = mounts.map(({ name, mountPath }: { name: string; mountPath: string }) => [name, mountPath])
    for (const name of ['journal', 'journal1', 'ledgers', 'ledgers1', 'ledgers2'])
      assert.ok(
        folders.some((pair: string[]) => pair.join() === `${name},/pulsar/data/bookkeeper/${name}`),
        name,
      )
  })

  it('are what a bookie starts with, and one that is full makes it read-only', async () => {
    const { sed } = await bookieOf(VOLUMES, 'bookkeeper-small-a')
    const conf = await fileOf('production', 'bookkeeper', 'bookkeeper.conf')
    const ran = spawnSync('sed', [sed ?? ''], { input: conf, encoding: 'utf8' })
    const lines = (text: string) => new Set(text.trim().split('\n'))
    assert.equal(ran.status, 0, ran.stderr)
    assert.deepEqual(
      [...lines(ran.stdout)].filter((line) => !lines(conf).has(line)),
      [
        'journalDirectories=/pulsar/data/bookkeeper/journal/current,/pulsar/data/bookkeeper/journal1/current',
        'ledgerDirectories=/pulsar/data/bookkeeper/ledgers/current,/pulsar/data/bookkeeper/ledgers1/current,/pulsar/data/bookkeeper/ledgers2/current',
        'readOnlyModeOnAnyDiskFullEnabled=true',
      ],
    )
    assert.equal((await bookieOf(FIRST, 'bookkeeper-a')).sed, '')
  })

  it('never change for bookies that exist, also in a stack of an older release', () => {
    const why =
      'a bookie finds a ledger by its number and the number of its volumes, and does not start with others than it had; state the old number, or make a set of bookies next to this one, which is then drained: docs/operations.md, "Other disks for bookies"'
    const now = { ...FIRST, ledgerVolumes: 2 }
    const refused = [`bookkeeper.ledgerVolumes would go from 1 to 2: ${why}`]
    assert.deepEqual(judged(FIRST, now).refused, refused)
    const { 'bookkeeper.ledgerVolumes': _, 'bookkeeper.journalVolumes': __, ...older } = factsBy(FIRST)
    assert.deepEqual(judgedChanges(older, factsBy(now), { drains: true }).refused, refused)
    assert.deepEqual(judgedChanges(older, factsBy(FIRST), { drains: true }).refused, [])
    assert.equal(judged({ ...FIRST, journalVolumes: 2 }, FIRST).refused.length, 1)
    const acknowledge = ['bookkeeper.ledgerVolumes=2']
    assert.deepEqual(judgedChanges(factsBy(FIRST), factsBy(now), { drains: true, acknowledge }).refused, refused)
  })

  it('come with another set', async () => {
    const next = { ...VOLUMES, ...OLD }
    assert.deepEqual(judged(FIRST, next).refused, [])
    assert.deepEqual(judged({ ...next, oldReplicas: 0 }, VOLUMES).refused, [])
    const back = {
      ...FIRST,
      ...{ oldSet: 'small', oldReplicas: 6, oldJournalGib: 10, oldLedgersGib: 100, oldLedgersStorageClass: 'cheap' },
      ...{ oldJournalVolumes: 2, oldLedgerVolumes: 3 },
    }
    assert.deepEqual(judged(VOLUMES, back).refused, [])
    assert.equal((await bookieOf(back, 'bookkeeper-small-a')).claims.length, 5)
  })

  it('are drained with their bookie', async () => {
    const job = ofType(await resourcesOf(VOLUMES), 'Job').find(({ name }) => name === 'bookkeeper-drain-after')
    const { args } = job?.inputs.spec.template.spec.containers[0] ?? assert.fail('no Job')
    const [set] = drainPlanFrom(args[args.indexOf('--plan') + 1]).sets
    assert.deepEqual(set?.claims, ['journal', 'journal1', 'ledgers', 'ledgers1', 'ledgers2'])
  })
})
