import assert from 'node:assert/strict'
import type { Facts } from '../../../infra/safety/facts.ts'
import { judgedChanges } from '../../../infra/safety/refusals.ts'

function refusedChanges(before: Facts, after: Facts, acknowledge: readonly string[] = []): readonly string[] {
  return judgedChanges(before, after, { acknowledge }).refused
}

const NAMESPACE =
  'volumes cannot move to another namespace; make a new stack and let both run until the old one is drained'
const MASTERS =
  'new masters could found a cluster of their own; make a new stack, and move the indices by snapshot or reindex from remote'
const ROLE = 'a node does not start without the role for the shards it holds; add data nodes instead'
const BACKLOG = 'the backlog under the old name would never be stored; stop the API and wait until `backlog` says 0'
const CLASS = 'a volume keeps its StorageClass; state the old one'
const BOOKIES = 'the ledgers of a bookie must be copied away first: docs/operations.md, "Fewer bookies"'
const NODES = 'the shards of a node must be moved away first: docs/operations.md, "Fewer data nodes"'
const VOLUME = 'a volume cannot shrink; state the size that it has'
const NEXT_BOOKIES =
  'make a set of bookies next to this one, which is then drained: docs/operations.md, "Other disks for bookies"'
const NEXT_DATA =
  'make a set of data nodes next to this one, which is then drained: docs/operations.md, "Another disk for data nodes"'

const acknowledge = (key: string, now: string) => `If that is done, state platform.acknowledge: ["${key}=${now}"]`

describe('a change of a fact that is fixed', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'cluster',
      'one',
      'other',
      'a stack cannot move to another cluster; correct KUBECONFIG or platform.context, or make a new stack there',
    ],
    ['platform.namespace', 'tracardi', 'other', NAMESPACE],
    [
      'pulsar.clusterName',
      'tracardi',
      'other',
      'the metadata belongs to the cluster of that name; make a new stack for another one',
    ],
    ['elasticsearch.masterNodes', '3', '1', MASTERS],
    ['elasticsearch.masterNodes', '1', '3', MASTERS],
    ['elasticsearch.mastersHoldData', 'true', 'false', ROLE],
    ['elasticsearch.mastersHoldData', 'false', 'true', ROLE],
    [
      'elasticsearch.security',
      'false',
      'true',
      'nodes with and without TLS cannot speak to each other; make a new stack',
    ],
  ]
  for (const [key, old, now, why] of cases) {
    it(`is refused for ${key} from ${old} to ${now}, acknowledged or not, and the same value passes`, () => {
      const refusal = [`${key} would go from ${old} to ${now}: ${why}`]
      assert.deepEqual(refusedChanges({ [key]: old }, { [key]: now }), refusal)
      assert.deepEqual(refusedChanges({ [key]: old }, { [key]: now }, [`${key}=${now}`]), refusal)
      assert.deepEqual(refusedChanges({ [key]: old }, { [key]: old }), [])
    })
  }
})

describe('a change of a fact that has to be prepared', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['runtime.PULSAR_TENANT', BACKLOG],
    ['runtime.PULSAR_SYSTEM_NAMESPACE', BACKLOG],
    ['runtime.PULSAR_FUNCTION_TOPIC', BACKLOG],
    ['runtime.PULSAR_SUBSCRIPTION', BACKLOG],
    ['zookeeper.storageClass', CLASS],
    ['bookkeeper.journalStorageClass', `${CLASS}, or ${NEXT_BOOKIES}`],
    ['bookkeeper.small.ledgersStorageClass', `${CLASS}, or ${NEXT_BOOKIES}`],
    ['elasticsearch.storageClass', CLASS],
    ['elasticsearch.warmStorageClass', CLASS],
    ['elasticsearch.elasticsearch-data-small.storageClass', `${CLASS}, or ${NEXT_DATA}`],
  ]
  for (const [key, why] of cases) {
    it(`is refused for ${key}, and passes when it is acknowledged`, () => {
      const change = (acknowledged: readonly string[]) =>
        refusedChanges({ [key]: 'one' }, { [key]: 'two' }, acknowledged)
      assert.deepEqual(change([]), [`${key} would go from one to two: ${why}. ${acknowledge(key, 'two')}`])
      assert.deepEqual(change([`${key}=one`]).length, 1)
      assert.deepEqual(change([`${key}=two`]), [])
      assert.deepEqual(refusedChanges({ [key]: 'one' }, { [key]: 'one' }), [])
    })
  }

  it('says none for an empty value, and is acknowledged with it', () => {
    const change = (acknowledged: readonly string[]) =>
      refusedChanges({ 'zookeeper.storageClass': 'fast' }, { 'zookeeper.storageClass': '' }, acknowledged)
    assert.deepEqual(change([]), [
      `zookeeper.storageClass would go from fast to none: ${CLASS}. ${acknowledge('zookeeper.storageClass', '')}`,
    ])
    assert.deepEqual(change(['zookeeper.storageClass=']), [])
  })
})

describe('the period of an index', () => {
  it('is refused another value, until it is acknowledged: a repeated event would be stored twice', () => {
    const [before, after] = [{ 'runtime.EVENT_PARTITIONING': 'month' }, { 'runtime.EVENT_PARTITIONING': 'day' }]
    assert.match(
      refusedChanges(before, after)[0] ?? '',
      /^runtime\.EVENT_PARTITIONING would go from month to day: .* goes into another index and is stored twice; /,
    )
    assert.deepEqual(refusedChanges(before, after, ['runtime.EVENT_PARTITIONING=day']), [])
    assert.deepEqual(refusedChanges({}, after), [])
  })
})

describe('a fact that becomes less', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['zookeeper.replicas', 'remove the node from the ensemble first: docs/operations.md, "Fewer ZooKeeper nodes"'],
    ['bookkeeper.replicas', BOOKIES],
    ['bookkeeper.replicas.eu-1a', BOOKIES],
    ['elasticsearch.elasticsearch-data.replicas', NODES],
    ['elasticsearch.elasticsearch-data-b.replicas', NODES],
    ['zookeeper.diskGib', VOLUME],
    ['bookkeeper.journalGib', `${VOLUME}, or ${NEXT_BOOKIES}`],
    ['bookkeeper.small.ledgersGib', `${VOLUME}, or ${NEXT_BOOKIES}`],
    ['elasticsearch.elasticsearch-master.diskGib', VOLUME],
    ['elasticsearch.elasticsearch-data.diskGib', `${VOLUME}, or ${NEXT_DATA}`],
    ['runtime.EVENT_RETENTION_DAYS', 'indices with older events would be deleted in the next night'],
    ['runtime.SESSION_RETENTION_DAYS', 'sessions that began before that would be deleted in the next night'],
    ['runtime.PROFILE_RETENTION_DAYS', 'profiles that were sent last before that would be deleted in the next night'],
    [
      'runtime.PULSAR_RETENTION_HOURS',
      'messages that are kept for longer would be deleted and could not be replayed; make sure that none has to be',
    ],
    ['anything.else', 'what it counts holds data'],
  ]
  for (const [key, why] of cases) {
    it(`is refused for ${key}, also where it goes away, and may grow`, () => {
      const refusal = (now: string, reason = why) =>
        `${key} would go from 10 to ${now}: ${reason}. ${acknowledge(key, now)}`
      // As texts 9 is more than 10.
      assert.deepEqual(refusedChanges({ [key]: '10' }, { [key]: '9' }), [refusal('9')])
      const gone = why.startsWith(VOLUME)
        ? 'its volumes would be left behind with their data; store or move all of it first'
        : why
      assert.deepEqual(refusedChanges({ [key]: '10' }, {}), [refusal('none', gone)])
      assert.deepEqual(refusedChanges({ [key]: '9' }, { [key]: '10' }), [])
      assert.deepEqual(refusedChanges({ [key]: '10' }, { [key]: '10' }), [])
    })
  }

  it('is always refused for fewer partitions, which Pulsar cannot remove, and may grow', () => {
    const change = (old: string, now: string) =>
      refusedChanges({ 'runtime.PULSAR_PARTITIONS': old }, { 'runtime.PULSAR_PARTITIONS': now }, [
        `runtime.PULSAR_PARTITIONS=${now}`,
      ])
    assert.deepEqual(change('10', '9'), [
      'runtime.PULSAR_PARTITIONS would go from 10 to 9: Pulsar cannot remove partitions, and their unread events would be lost; state the old number',
    ])
    assert.deepEqual(change('9', '10'), [])
  })

  it('is refused where nothing was deleted and now older events would be', () => {
    const change = (old: string, now: string) =>
      refusedChanges({ 'runtime.EVENT_RETENTION_DAYS': old }, { 'runtime.EVENT_RETENTION_DAYS': now }).length
    assert.equal(change('Infinity', '90'), 1)
    assert.equal(change('90', 'Infinity'), 0)
  })

  it('passes when exactly this change is acknowledged', () => {
    const before = { 'bookkeeper.replicas': '5', 'zookeeper.replicas': '5' }
    const after = { 'bookkeeper.replicas': '4', 'zookeeper.replicas': '3' }
    const refused = (now: Facts, acknowledged: readonly string[]) =>
      refusedChanges(before, now, acknowledged).map((line) => line.split(':')[0])
    assert.deepEqual(refused(after, ['bookkeeper.replicas=4']), ['zookeeper.replicas would go from 5 to 3'])
    assert.deepEqual(refused(after, ['bookkeeper.replicas=3', 'zookeeper.replicas=3']), [
      'bookkeeper.replicas would go from 5 to 4',
    ])
    assert.deepEqual(refused({ 'zookeeper.replicas': '5' }, ['bookkeeper.replicas=none']), [])
  })
})

describe('the generations of passwords', () => {
  const of = (programs: string, admin: string): Facts => ({
    'elasticsearch.passwordGeneration': programs,
    'elasticsearch.adminPasswordGeneration': admin,
  })

  it('may become any other, one at a time', () => {
    assert.deepEqual(refusedChanges(of('1', '1'), of('2', '1')), [])
    assert.deepEqual(refusedChanges(of('2', '2'), of('2', '1')), [])
    assert.deepEqual(refusedChanges({}, of('2', '2')), [])
  })

  it('are refused together', () => {
    const why =
      'the other generation of passwords changes too, and the Job that makes users could not log in; change one, `up`, then the other'
    assert.deepEqual(refusedChanges(of('1', '1'), of('2', '3')), [
      `elasticsearch.passwordGeneration would go from 1 to 2: ${why}`,
      `elasticsearch.adminPasswordGeneration would go from 1 to 3: ${why}`,
    ])
  })
})

describe('the version of a server', () => {
  const both = (pulsar: string, elasticsearch: string): Facts => ({
    'pulsar.version': pulsar,
    'pulsar.clusterName': 'tracardi',
    'elasticsearch.version': elasticsearch,
    'elasticsearch.masterNodes': '3',
  })
  const refused = (after: Facts, acknowledged: readonly string[] = []) =>
    refusedChanges(both('4.0.6', '9.2.0'), after, acknowledged)

  it('may go up, one server at a time', () => {
    assert.deepEqual(refused(both('4.0.8', '9.2.0')), [])
    assert.deepEqual(refused(both('4.0.6', '9.3.1')), [])
  })

  it('does not go back', () => {
    const why = 'a server does not start on data that a newer one has written; state the version that runs'
    assert.deepEqual(refused(both('4.0.6', '9.1.5')), [
      `elasticsearch.version would go from 9.2.0 to 9.1.5: ${why}. ${acknowledge('elasticsearch.version', '9.1.5')}`,
    ])
  })

  it('does not change with that of the other server', () => {
    const why =
      'two servers change in one update, and a failure could be of either; state the old version of one, and upgrade it when the other has been checked'
    assert.deepEqual(refused(both('4.0.8', '9.2.1')), [
      `pulsar.version would go from 4.0.6 to 4.0.8: ${why}. ${acknowledge('pulsar.version', '4.0.8')}`,
      `elasticsearch.version would go from 9.2.0 to 9.2.1: ${why}. ${acknowledge('elasticsearch.version', '9.2.1')}`,
    ])
    assert.deepEqual(refused(both('4.0.8', '9.2.1'), ['pulsar.version=4.0.8', 'elasticsearch.version=9.2.1']), [])
  })

  it('must be known as long as the server is of the stack', () => {
    const { 'elasticsearch.version': _, ...unnamed } = both('4.0.6', '')
    assert.deepEqual(refused(unnamed), [
      `elasticsearch.version would go from 9.2.0 to none: the image names no version, so that nothing could be compared; state elasticsearch.version. ${acknowledge('elasticsearch.version', 'none')}`,
    ])
    const external = { 'pulsar.version': '4.0.6', 'pulsar.clusterName': 'tracardi' }
    assert.deepEqual(
      refused(external).filter((line) => line.startsWith('elasticsearch.version')),
      [],
    )
  })

  it('is stated for the first time as anything', () => {
    assert.deepEqual(refusedChanges({ 'pulsar.clusterName': 'tracardi' }, both('4.0.6', '9.2.0')), [])
  })
})

describe('a fact that an older release had no choice of', () => {
  const before: Facts = { 'platform.namespace': 'tracardi' }
  const withChoice = (more: Facts): Facts => ({ ...before, 'platform.createNamespace': 'true', ...more })

  it('is what it was, and cannot be acknowledged', () => {
    assert.deepEqual(refusedChanges(before, withChoice({ 'platform.clusterDomain': 'cluster.local' })), [])
    assert.deepEqual(refusedChanges(before, withChoice({ 'platform.createNamespace': 'false' })), [
      'platform.createNamespace would go from true to false: a namespace would be deleted with all that is in it, or be taken from others; make a new stack in another one',
    ])
    assert.deepEqual(
      refusedChanges(before, withChoice({ 'platform.clusterDomain': 'x.internal' }), [
        'platform.clusterDomain=x.internal',
      ]),
      [
        'platform.clusterDomain would go from cluster.local to x.internal: bookies, certificates and the ensemble know each other by names in that domain; make a new stack for another one',
      ],
    )
  })

  it('makes the uid of a cluster another one: only the fact itself is refused', () => {
    const keys = (now: Facts) =>
      refusedChanges(withChoice({ cluster: 'uid-1' }), withChoice(now)).map((line) => line.split(' ')[0])
    assert.deepEqual(keys({ cluster: 'uid-2', 'platform.createNamespace': 'false' }), ['platform.createNamespace'])
    assert.deepEqual(keys({ cluster: 'uid-2' }), ['cluster'])
  })

  it('is anything in a new stack', () => {
    assert.deepEqual(refusedChanges({}, withChoice({ 'platform.createNamespace': 'false' })), [])
  })
})

describe('a fact that the old state does not know', () => {
  it('passes, whatever it is', () => {
    assert.deepEqual(refusedChanges({}, { 'bookkeeper.replicas': '3', 'platform.namespace': 'tracardi' }), [])
  })
})
