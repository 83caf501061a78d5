import assert from 'node:assert/strict'
import { lossesOf } from '../../infra/sizing/capacity.ts'
import { eventually } from '../support/until.ts'
import { PulsarCluster } from './pulsar-cluster.ts'

const ZONES = ['a', 'b', 'c'] as const
const BOOKIES_IN_ZONE = 2
const COPIES = 3
const PARTITIONS = 20
const TOPIC = 'persistent/public/default/placed'

/** The bookies that hold the entries of a ledger: one list each time that they changed while it was written. */
type Ensembles = readonly (readonly string[])[]

/** Six bookies in three zones, by the racks that a stack writes: what the sizing model assumes of BookKeeper. */
describe('six bookies in three zones', function () {
  this.timeout(300_000)
  let cluster: PulsarCluster

  before(async () => {
    cluster = await PulsarCluster.start({ name: 'bookies', zones: ZONES, bookiesInZone: BOOKIES_IN_ZONE, brokers: 1 })
    // Nobody reads the topic, and its ledgers must stay.
    await cluster.call('POST', 'namespaces/public/default/retention', {
      retentionTimeInMinutes: -1,
      retentionSizeInMB: -1,
    })
    await cluster.call('PUT', `${TOPIC}/partitions`, PARTITIONS)
  })
  after(() => cluster?.stop())

  /** A message for each partition, in ledgers that are closed afterwards. @returns the ensembles of all closed ledgers. */
  async function publish(closed: number): Promise<readonly Ensembles[]> {
    const url = cluster.brokers[0]?.serviceUrl as string
    const topic = TOPIC.replace('persistent/', 'persistent://')
    const each = ['--disable-batching', '--num-produce', `${PARTITIONS}`, '--messages', 'x', topic]
    await cluster.run('publisher', ['bin/pulsar-client', '--url', url, 'produce', ...each])
    await cluster.call('PUT', 'namespaces/public/default/unload')
    let found: readonly Ensembles[] = []
    await eventually(async () => {
      found = await ledgers()
      return found.length >= closed
    })
    assert.equal(found.length, closed)
    return found
  }

  /** The ensembles of each closed ledger of the topic that has entries. */
  async function ledgers(): Promise<readonly Ensembles[]> {
    const closed = (await cluster.ledgers()).filter((metadata) => /lastEntryId=\d/.test(metadata))
    return closed.filter((metadata) => managedLedgerOf(metadata).includes('placed-partition')).map(ensemblesIn)
  }

  const managedLedgerOf = (metadata: string) =>
    Buffer.from(/pulsar\/managed-ledger=base64:([^,}]*)/.exec(metadata)?.[1] ?? '', 'base64').toString()
  const ensemblesIn = (metadata: string): Ensembles =>
    [...metadata.matchAll(/\d+=\[([^\]]*)\]/g)].map(([, list = '']) => list.split(', '))
  const zoneOf = (id: string) => cluster.bookies.find((bookie) => bookie.id === id)?.zone
  const zonesOf = (ensemble: readonly string[]) => [...new Set(ensemble.map(zoneOf))].sort()

  it('hold one copy of each entry in each zone, and all of them hold some', async () => {
    const placed = await publish(PARTITIONS)
    for (const ensemble of placed.flat()) {
      assert.equal(ensemble.length, COPIES)
      assert.deepEqual(zonesOf(ensemble), ZONES)
    }
    assert.equal(new Set(placed.flat(2)).size, ZONES.length * BOOKIES_IN_ZONE)
  })

  it('make the copies of a lost zone again in the others, as far as the model says', async () => {
    const count = ZONES.length * BOOKIES_IN_ZONE
    const [loss] = lossesOf(count, COPIES, ZONES.length, { surviveNode: false, surviveZone: true }, false)
    assert.deepEqual(loss, { of: 'zone', left: 4, copies: 3 })
    await cluster.startAutorecovery()
    cluster.loseZone('c')
    const isHeldAgain = (ensemble: readonly string[]) =>
      new Set(ensemble).size === loss?.copies && !zonesOf(ensemble).includes('c')
    await eventually(async () => (await ledgers()).flat().every(isHeldAgain))
    const held = await ledgers()
    assert.equal(held.length, PARTITIONS)
    assert.equal(new Set(held.flat(2)).size, loss?.left)
  })

  it('take new entries while the zone is down, in as many copies', async () => {
    const placed = await publish(2 * PARTITIONS)
    for (const ensemble of placed.flat()) assert.deepEqual([ensemble.length, zonesOf(ensemble)], [COPIES, ['a', 'b']])
  })
})
