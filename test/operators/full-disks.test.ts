import assert from 'node:assert/strict'
import type { SmallDisk } from '../faults/small-disk.ts'
import { PulsarCluster } from './pulsar-cluster.ts'

const TOPIC = 'public/default/full'
const DISKS_MIB = { zookeeper: 256, bookie: 1024 }
/** A bookie is read-only from 95 % on. */
const LEFT_BYTES = 16 * 2 ** 20
const MESSAGES = 100

/** By hand: it takes some minutes, and root. The servers are the real ones, on disks that are really full. */
describe('a disk of Pulsar that is full', function () {
  this.timeout(600_000)
  let cluster: PulsarCluster
  let sent: readonly string[] = []

  before(async () => {
    const servers = { zones: ['a'], bookiesInZone: 4, brokers: 1 }
    cluster = await PulsarCluster.start({ name: 'full-disks', ...servers, disksMib: DISKS_MIB })
    await cluster.createTopic(TOPIC)
    await publish()
  })
  after(() => cluster.stop())

  /** @throws Error when not all of them are acknowledged. */
  async function publish(): Promise<void> {
    const ids = Array.from({ length: MESSAGES }, (_, number) => `event-${sent.length + number}`)
    await cluster.produce(TOPIC, ids)
    sent = [...sent, ...ids]
  }

  async function allKept(): Promise<void> {
    assert.deepEqual(new Set(await cluster.read(TOPIC, sent.length)), new Set(sent))
  }

  /** @returns how long it took, in seconds. */
  async function until(holds: () => Promise<boolean>): Promise<string> {
    const fromMs = performance.now()
    while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 500))
    return ((performance.now() - fromMs) / 1000).toFixed(1)
  }

  const say = (line: string) => process.stdout.write(`      ${line}\n`)

  it('of one bookie stops nothing: the others take new ledgers', async () => {
    const [bookie] = cluster.bookies
    const disk = bookie?.disk as SmallDisk
    disk.fill(LEFT_BYTES)
    say(`read-only after ${await until(async () => (await cluster.readOnly()).includes(bookie?.id ?? ''))} s`)
    await publish()
    disk.free()
    say(`writable again ${await until(async () => (await cluster.readOnly()).length === 0)} s after there was room`)
    await allKept()
  })

  it('of every bookie stops new messages, and loses none', async () => {
    const disks = cluster.bookies.map(({ disk }) => disk as SmallDisk)
    for (const disk of disks) disk.fill(LEFT_BYTES)
    await until(async () => (await cluster.readOnly()).length === disks.length)
    await cluster.call('PUT', 'namespaces/public/default/unload')
    await assert.rejects(publish())
    for (const disk of disks) disk.free()
    say(`takes messages ${await until(() => publish().then(() => true))} s after there was room`)
    await allKept()
  })

  it('of ZooKeeper ends it, and it comes back with all that it knew', async () => {
    const { disk, child, serves } = cluster.zookeeper
    disk.fill(0)
    const ended = until(async () => !(await serves()))
    await cluster.call('PUT', 'namespaces/public/other').catch(() => undefined)
    say(`ended after ${await ended} s`)
    child.kill()
    await child.exited
    disk.free()
    const fromMs = performance.now()
    await cluster.startZooKeeperAgain()
    await until(() => publish().then(() => true))
    say(`takes messages ${((performance.now() - fromMs) / 1000).toFixed(1)} s after there was room`)
    await allKept()
  })
})
