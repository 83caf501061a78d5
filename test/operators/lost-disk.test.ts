import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { PulsarCluster } from './pulsar-cluster.ts'

const TOPIC = 'public/default/kept'
const MESSAGES = 1000
/** Of one call of the client. */
const BATCH = 250

/** By hand: it takes some minutes. The bookies, ZooKeeper, the broker, autorecovery and the script of the pod are the real ones. */
describe('a bookie of four that has lost its disks', function () {
  this.timeout(600_000)
  let cluster: PulsarCluster
  let lost = ''
  const ids = Array.from({ length: MESSAGES }, (_, number) => `event-${number}`)

  before(async () => {
    cluster = await PulsarCluster.start({ name: 'lost-disk', zones: ['a'], bookiesInZone: 4, brokers: 1 })
    await cluster.createTopic(TOPIC)
    for (let from = 0; from < MESSAGES; from += BATCH) {
      await cluster.produce(TOPIC, ids.slice(from, from + BATCH))
      // The next ones are in another ledger.
      if (from < MESSAGES - BATCH) await cluster.call('PUT', 'namespaces/public/default/unload')
    }
  })
  after(() => cluster.stop())

  it('does not start while ledgers name it', async () => {
    const ledgers = (await cluster.ledgers()).join()
    lost = cluster.bookies.find(({ id }) => ledgers.includes(id))?.id ?? assert.fail('no bookie has a ledger')
    await cluster.killBookie(lost)
    const start = await cluster.replaceDisk(lost)
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (!start.lastLines(5).join('\n').includes('are left')) return
        clearInterval(timer)
        resolve()
      }, 100)
    })
    start.kill()
    await start.exited
    assert.ok((await cluster.cookies()).includes(lost))
  })

  it('starts empty under its name when autorecovery has copied them, and no message is lost', async () => {
    const fromMs = performance.now()
    await cluster.startAutorecovery()
    const start = await cluster.replaceDisk(lost)
    assert.equal((await start.exited).code, 0, readFileSync(start.logFile, 'utf8'))
    assert.match(readFileSync(start.logFile, 'utf8'), /No ledger names .* any more: its old cookie is deleted/)
    assert.ok(!(await cluster.cookies()).includes(lost))
    await cluster.startAgain(lost, 'writable')
    assert.ok((await cluster.cookies()).includes(lost))
    const seconds = ((performance.now() - fromMs) / 1000).toFixed(1)
    assert.deepEqual(new Set(await cluster.read(TOPIC, MESSAGES)), new Set(ids))
    process.stdout.write(`      ${MESSAGES} messages, 0 lost; a new disk serves after ${seconds} s\n`)
  })
})
