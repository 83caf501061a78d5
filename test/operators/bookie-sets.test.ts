import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { PulsarCluster } from './pulsar-cluster.ts'
import { SteadyTopics } from './steady-topics.ts'

const BOOKIES = 3
/** For the journal, and for the ledgers, of a bookie that comes. Those that go have one each. */
const VOLUMES = 2
/** When the Job is killed, in milliseconds after its start: while it copies. */
const KILLED_AFTER_MS = 20_000

/** The bookies, ZooKeeper, the broker and the script of the Job are the real ones. */
describe('three bookies under load that three others with more volumes replace', function () {
  this.timeout(900_000)
  let cluster: PulsarCluster
  let topics: SteadyTopics
  let old: readonly string[] = []
  const others: string[] = []

  before(async () => {
    cluster = await PulsarCluster.start({ name: 'replaced', zones: ['a'], bookiesInZone: BOOKIES, brokers: 1 })
    old = cluster.bookies.map(({ id }) => id)
    topics = await SteadyTopics.make(cluster)
  })
  after(async () => {
    await topics.stop()
    await cluster.stop()
  })

  const onOld = async () => (await cluster.ledgers()).filter((metadata) => old.some((id) => metadata.includes(id)))

  it('have every copy of every ledger', async () => {
    for (let count = 0; count < 2; count += 1) {
      await sleep(2000)
      await topics.unload()
    }
    const all = await cluster.ledgers()
    assert.ok(all.length > 0)
    assert.equal((await onOld()).length, all.length)
  })

  it('are not drained before the others run', async () => {
    const job = await cluster.drain('before', ['127.0.0.9:3181'], 0)
    assert.equal((await job.exited).code, 2)
    assert.match(
      job.lastLines(3).join(' '),
      /NOT DONE: only 0 of the bookies that stay are writable, and a ledger needs 3/,
    )
  })

  it('give every ledger to the others, also when the Job is killed', async () => {
    for (let count = 0; count < BOOKIES; count += 1) others.push(await cluster.addBookie('a', VOLUMES))
    // One after the other, as their start script does when its turn has come.
    for (const id of old) {
      await cluster.killBookie(id)
      await cluster.startAgain(id, 'read-only')
    }
    const killed = await cluster.drain('before', others, 600)
    await Promise.race([sleep(KILLED_AFTER_MS), killed.exited])
    killed.kill()
    await killed.exited
    const job = await cluster.drain('before', others, 600)
    assert.equal((await job.exited).code, 0, readFileSync(job.logFile, 'utf8'))
    assert.deepEqual(await onOld(), [])
  })

  it('leave nothing behind: their cookies go when they are gone', async () => {
    for (const id of old) await cluster.killBookie(id)
    const job = await cluster.drain('after', others, 120)
    assert.equal((await job.exited).code, 0, readFileSync(job.logFile, 'utf8'))
    assert.deepEqual(await cluster.cookies(), [...others].sort())
  })

  it('have lost nothing that was acknowledged', async () => {
    await topics.stop()
    assert.ok(topics.acknowledged > 500, `${topics.acknowledged}`)
    await topics.verify()
  })
})
