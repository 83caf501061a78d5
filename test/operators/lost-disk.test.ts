import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { PulsarCluster } from './pulsar-cluster.ts'

const TOPIC = 'persistent://public/default/kept'
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
    const forever = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 }
    await call('POST', 'namespaces/public/default/retention', forever)
    await call('PUT', TOPIC.replace('://', '/'))
    for (let from = 0; from < MESSAGES; from += BATCH) {
      const messages = ids.slice(from, from + BATCH).join()
      await client('produce', '--messages', messages)
      // The next ones are in another ledger.
      if (from < MESSAGES - BATCH) await call('PUT', 'namespaces/public/default/unload')
    }
  })
  after(() => cluster.stop())

  async function call(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`http://${cluster.brokers[0]?.admin}/admin/v2/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${method} ${path} → ${answer.status} ${await answer.text()}`)
  }

  const client = (command: 'produce' | 'consume', ...options: readonly string[]) => {
    const url = cluster.brokers[0]?.serviceUrl as string
    return cluster.run(command, ['bin/pulsar-client', '--url', url, command, ...options, TOPIC])
  }

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
    const output = await client('consume', '-s', 'all', '-p', 'Earliest', '-n', `${MESSAGES}`)
    const found = [...output.matchAll(/content:(event-\d+)/g)].map(([, id]) => id)
    assert.deepEqual(new Set(found), new Set(ids))
    process.stdout.write(`      ${MESSAGES} messages, 0 lost; a new disk serves after ${seconds} s\n`)
  })
})
