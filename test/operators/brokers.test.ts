import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { sizePartitions } from '../../infra/sizing/programs.ts'
import { loadConfig } from '../../runtime/config.ts'
import { bundlesFor, partitionName, topicSetUpOf, topicsOf } from '../../runtime/names.ts'
import { type PulsarAdmin, pulsarAdmin } from '../../runtime/queue/admin.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { PulsarCluster } from './pulsar-cluster.ts'

/**
 * Six real brokers over three bookies in three zones: after set-up each serves as many partitions and bundles as the others. It
 * needs 6 GB of memory and two minutes: `npm run test:operators -- --grep 'six brokers'`. It prints a table.
 */
const BROKERS = 6
const WORKERS = 6

describe('six brokers', function () {
  this.timeout(400_000)
  let cluster: PulsarCluster
  let admin: PulsarAdmin
  // As the sizing model derives them.
  const PULSAR_PARTITIONS = sizePartitions(WORKERS, BROKERS).value
  const config = () =>
    loadConfig({
      PULSAR_HOST: cluster.brokers[0]?.serviceUrl,
      PULSAR_API: `http://${cluster.brokers[0]?.admin}`,
      PULSAR_PARTITIONS: `${PULSAR_PARTITIONS}`,
      PULSAR_BUNDLES: `${bundlesFor(BROKERS)}`,
    })

  before(async () => {
    const zones = ['a', 'b', 'c']
    cluster = await PulsarCluster.start({ name: 'brokers', zones, bookiesInZone: 1, brokers: BROKERS })
    admin = pulsarAdmin(config())
    await setUpQueue(admin, topicSetUpOf(config()))
  })
  after(async () => {
    await admin.close()
    await cluster.stop()
  })

  const partitions = () =>
    Array.from({ length: PULSAR_PARTITIONS }, (_, at) => partitionName(topicsOf(config()).events, at))
  const placesOf = () => Promise.all(partitions().map((partition) => admin.placeOf(partition)))

  it('have the partitions and bundles that the model derives', async () => {
    assert.equal(PULSAR_PARTITIONS, 24)
    const { tenant, namespace } = topicsOf(config())
    assert.equal((await admin.bundles(`${tenant}/${namespace}`)).length, 64)
  })

  it('have each partition in the bundle of the CRC-32 of its name', async () => {
    const places = await placesOf()
    for (const [at, partition] of partitions().entries()) {
      const [begin = 0, end = 0] = (places[at]?.range ?? '').split('_').map(Number)
      const hash = crc32(partition)
      assert.ok(hash >= begin && hash < end, `${partition} has ${hash}, and is in ${places[at]?.range}`)
    }
  })

  it('serve as many partitions and bundles each, within one', async () => {
    const places = await placesOf()
    const rows = cluster.brokers.map(({ admin: broker }) => {
      const own = places.filter((place) => place.broker === broker)
      return { partitions: own.length, bundles: new Set(own.map(({ range }) => range)).size }
    })
    process.stdout.write('      | broker | partitions | bundles |\n')
    for (const [at, row] of rows.entries())
      process.stdout.write(`      | ${at + 1} | ${row.partitions} | ${row.bundles} |\n`)
    for (const counts of [rows.map((row) => row.partitions), rows.map((row) => row.bundles)])
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(', '))
    assert.equal(
      rows.reduce((all, row) => all + row.partitions, 0),
      PULSAR_PARTITIONS,
    )
  })
})
