import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/until.ts'
import { PulsarCluster } from './pulsar-cluster.ts'
import { SteadyTopics } from './steady-topics.ts'

/** When the Job is killed, in milliseconds after its start: while it asks, closes, copies and verifies. */
const KILLED_AFTER_MS = [4000, 14_000, 25_000]

/** By hand: it takes some minutes. The bookies, ZooKeeper, the broker and the script of the Job are the real ones. */
describe('four bookies under load that become three', function () {
  this.timeout(900_000)
  let cluster: PulsarCluster
  let leaving = ''
  let wanted: readonly string[] = []
  let topics: SteadyTopics

  before(async () => {
    cluster = await PulsarCluster.start({ name: 'drained', zones: ['a'], bookiesInZone: 4, brokers: 1 })
    const ids = cluster.bookies.map(({ id }) => id).sort()
    ;[leaving = '', wanted] = [ids.at(-1), ids.slice(0, -1)]
    topics = await SteadyTopics.make(cluster)
  })
  after(async () => {
    await topics.stop()
    await cluster.stop()
  })

  const onLeaving = async () => (await cluster.ledgers()).filter((metadata) => metadata.includes(leaving))

  it('have ledgers on the one that is to go', async () => {
    for (let count = 0; count < 2; count += 1) {
      await sleep(2000)
      await topics.unload()
    }
    assert.ok((await onLeaving()).length > 0)
  })

  it('keep it while it is writable, and say why', async () => {
    const job = await cluster.drain('before', wanted, 0)
    assert.equal((await job.exited).code, 2)
    assert.match(job.lastLines(3).join(' '), /NOT DONE: .* is still writable; it restarts when/)
  })

  it('copy its ledgers, however often the Job and the bookie are killed', async () => {
    await cluster.killBookie(leaving)
    // As its start script does, when its ConfigMap has the new count.
    await cluster.startAgain(leaving, 'read-only')
    for (const [at, ms] of KILLED_AFTER_MS.entries()) {
      const job = await cluster.drain('before', wanted, 600)
      await Promise.race([sleep(ms), job.exited])
      job.kill()
      await job.exited
      if (at === 1) {
        await cluster.killBookie(leaving)
        await cluster.startAgain(leaving, 'read-only')
      }
    }
    const job = await cluster.drain('before', wanted, 600)
    assert.equal((await job.exited).code, 0, readFileSync(job.logFile, 'utf8'))
    assert.deepEqual(await onLeaving(), [])
  })

  it('delete its cookie when it is gone, and not before', async () => {
    const early = await cluster.drain('after', wanted, 0)
    assert.equal((await early.exited).code, 2)
    assert.match(early.lastLines(3).join(' '), /still runs/)
    await cluster.killBookie(leaving)
    const job = await cluster.drain('after', wanted, 120)
    assert.equal((await job.exited).code, 0, readFileSync(job.logFile, 'utf8'))
    assert.deepEqual(await cluster.cookies(), wanted)
  })

  it('have lost nothing that was acknowledged', async () => {
    await topics.stop()
    await topics.verify()
    assert.ok(topics.acknowledged > 500, `${topics.acknowledged}`)
  })

  it('are not four with the old disk: BookKeeper refuses it without its cookie', async () => {
    await assert.rejects(cluster.startAgain(leaving, 'writable', 'old'))
    assert.deepEqual(await cluster.cookies(), wanted)
  })

  it('are four again, with a new disk under the old name', async () => {
    await cluster.startAgain(leaving, 'writable', 'empty')
    await eventually(async () => (await cluster.cookies()).includes(leaving))
    await topics.unload()
    topics.start()
    await eventually(async () => (await onLeaving()).length > 0)
    await topics.stop()
    await topics.verify()
  })
})
