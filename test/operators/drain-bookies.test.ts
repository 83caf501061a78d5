import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/until.ts'
import { PulsarCluster } from './pulsar-cluster.ts'

const TOPICS = ['one', 'two', 'three', 'four'].map((name) => `persistent/public/default/${name}`)
const PAUSE_MS = 20
const RECEIPT_MS = 20_000
/** When the Job is killed, in milliseconds after its start: while it asks, closes, copies and verifies. */
const KILLED_AFTER_MS = [4000, 14_000, 25_000]

/** By hand: it takes some minutes. The bookies, ZooKeeper, the broker and the script of the Job are the real ones. */
describe('four bookies under load that become three', function () {
  this.timeout(900_000)
  let cluster: PulsarCluster
  let leaving = ''
  let wanted: readonly string[] = []
  const acknowledged: string[] = []
  let isPublishing = true
  let publishers: readonly Promise<void>[] = []

  before(async () => {
    cluster = await PulsarCluster.start({ name: 'drained', zones: ['a'], bookiesInZone: 4, brokers: 1 })
    const ids = cluster.bookies.map(({ id }) => id).sort()
    ;[leaving = '', wanted] = [ids.at(-1), ids.slice(0, -1)]
    const forever = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 }
    await call('POST', 'namespaces/public/default/retention', forever)
    for (const topic of TOPICS) await call('PUT', topic)
    start()
  })
  after(async () => {
    await stop()
    await cluster.stop()
  })

  async function call(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`http://${cluster.brokers[0]?.admin}/admin/v2/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${method} ${path} → ${answer.status} ${await answer.text()}`)
  }

  function start(): void {
    isPublishing = true
    publishers = TOPICS.map(publish)
  }

  async function stop(): Promise<void> {
    isPublishing = false
    await Promise.all(publishers)
  }

  const socketOf = (what: string, topic: string) =>
    new WebSocket(`ws://${cluster.brokers[0]?.admin}/ws/v2/${what}/${topic}`)

  /** As the API does: an id counts only after the receipt, and is sent again without one. */
  async function publish(topic: string): Promise<void> {
    let socket: WebSocket | undefined
    for (let number = 0; isPublishing; number += 1) {
      const id = `${topic} ${number} ${acknowledged.length}`
      const message = JSON.stringify({ payload: Buffer.from(id.padEnd(1000)).toString('base64') })
      let isReceived = false
      while (!isReceived && isPublishing) {
        if (socket?.readyState !== WebSocket.OPEN) socket = await opened(socketOf('producer', topic))
        isReceived = socket !== undefined && (await answered(socket, message)) === 'ok'
        if (!isReceived) await sleep(100)
      }
      if (isReceived) acknowledged.push(id)
      // As much as shows a loss, and leaves the machine to the servers.
      await sleep(PAUSE_MS)
    }
    socket?.close()
  }

  async function messagesOf(topic: string, count: number): Promise<readonly string[]> {
    const socket = socketOf('reader', `${topic}?messageId=earliest&receiverQueueSize=1000`)
    const found: string[] = []
    socket.addEventListener('message', ({ data }) => {
      const { payload, messageId } = JSON.parse(String(data))
      found.push(Buffer.from(payload, 'base64').toString().trim())
      socket.send(JSON.stringify({ messageId }))
    })
    await eventually(() => new Set(found).size >= count)
    socket.close()
    return found
  }

  const onLeaving = async () => (await cluster.ledgers()).filter((metadata) => metadata.includes(leaving))

  it('have ledgers on the one that is to go', async () => {
    for (let count = 0; count < 2; count += 1) {
      await sleep(2000)
      await call('PUT', 'namespaces/public/default/unload')
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

  /** Asserts that nothing acknowledged was lost. @returns how many messages were stored twice. */
  async function complete(): Promise<number> {
    let twice = 0
    for (const topic of TOPICS) {
      const expected = acknowledged.filter((id) => id.startsWith(`${topic} `))
      const found = await messagesOf(topic, expected.length)
      const different = new Set(found)
      assert.deepEqual(
        expected.filter((id) => !different.has(id)),
        [],
      )
      twice += found.length - different.size
    }
    return twice
  }

  it('have lost nothing that was acknowledged', async () => {
    await stop()
    const twice = await complete()
    process.stdout.write(`      ${acknowledged.length} acknowledged, 0 lost, ${twice} sent again without a receipt\n`)
    assert.ok(acknowledged.length > 500, `${acknowledged.length}`)
  })

  it('are not four with the old disk: BookKeeper refuses it without its cookie', async () => {
    await assert.rejects(cluster.startAgain(leaving, 'writable', 'old'))
    assert.deepEqual(await cluster.cookies(), wanted)
  })

  it('are four again, with a new disk under the old name', async () => {
    await cluster.startAgain(leaving, 'writable', 'empty')
    await eventually(async () => (await cluster.cookies()).includes(leaving))
    await call('PUT', 'namespaces/public/default/unload')
    start()
    await eventually(async () => (await onLeaving()).length > 0)
    await stop()
    const twice = await complete()
    process.stdout.write(`      ${acknowledged.length} acknowledged, 0 lost, ${twice} sent again without a receipt\n`)
  })
})

/** Nothing where the broker refuses for now. */
async function opened(socket: WebSocket): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('error', () => resolve(undefined))
  })
}

/** The receipt; nothing where the connection ended, or none arrived in time. */
async function answered(socket: WebSocket, message: string): Promise<string | undefined> {
  const done = new AbortController()
  const options = { once: true, signal: done.signal }
  const answer = await new Promise<string | undefined>((resolve) => {
    socket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data)).result), options)
    socket.addEventListener('close', () => resolve(undefined), options)
    const timer = setTimeout(() => resolve(undefined), RECEIPT_MS)
    done.signal.addEventListener('abort', () => clearTimeout(timer))
    socket.send(message)
  })
  done.abort()
  // A receipt that arrives later would be read as that of the next message.
  if (answer === undefined) socket.close()
  return answer
}
