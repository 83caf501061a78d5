import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/until.ts'
import type { PulsarCluster } from './pulsar-cluster.ts'

const TOPICS = ['one', 'two', 'three', 'four'].map((name) => `public/default/${name}`)
const PAUSE_MS = 20
const RECEIPT_MS = 20_000

/** Topics that keep everything, and a publisher for each that counts an id only after its receipt. */
export class SteadyTopics {
  readonly #cluster: PulsarCluster
  readonly #acknowledged: string[] = []
  #isPublishing = false
  #publishers: readonly Promise<void>[] = []

  static async make(cluster: PulsarCluster): Promise<SteadyTopics> {
    const topics = new SteadyTopics(cluster)
    for (const topic of TOPICS) await cluster.createTopic(topic)
    topics.start()
    return topics
  }

  private constructor(cluster: PulsarCluster) {
    this.#cluster = cluster
  }

  /** How many messages have a receipt. */
  get acknowledged(): number {
    return this.#acknowledged.length
  }

  start(): void {
    this.#isPublishing = true
    this.#publishers = TOPICS.map((topic) => this.#publish(topic))
  }

  async stop(): Promise<void> {
    this.#isPublishing = false
    await Promise.all(this.#publishers)
  }

  /** Begins another ledger of each topic, and closes the one before. */
  async unload(): Promise<void> {
    await this.#cluster.call('PUT', 'namespaces/public/default/unload')
  }

  /** After `stop`: asserts that nothing acknowledged was lost, and prints how many messages were stored twice. */
  async verify(): Promise<void> {
    let twice = 0
    for (const topic of TOPICS) {
      const expected = this.#acknowledged.filter((id) => id.startsWith(`${topic} `))
      const found = await this.#messagesOf(topic, expected.length)
      const different = new Set(found)
      assert.deepEqual(
        expected.filter((id) => !different.has(id)),
        [],
      )
      twice += found.length - different.size
    }
    process.stdout.write(`      ${this.acknowledged} acknowledged, 0 lost, ${twice} sent again without a receipt\n`)
  }

  #socket(what: string, topic: string): WebSocket {
    return new WebSocket(`ws://${this.#cluster.brokers[0]?.admin}/ws/v2/${what}/persistent/${topic}`)
  }

  /** As the API does: an id counts only after the receipt, and is sent again without one. */
  async #publish(topic: string): Promise<void> {
    let socket: WebSocket | undefined
    for (let number = 0; this.#isPublishing; number += 1) {
      const id = `${topic} ${number} ${this.acknowledged}`
      const message = JSON.stringify({ payload: Buffer.from(id.padEnd(1000)).toString('base64') })
      let isReceived = false
      while (!isReceived && this.#isPublishing) {
        if (socket?.readyState !== WebSocket.OPEN) socket = await opened(this.#socket('producer', topic))
        isReceived = socket !== undefined && (await answered(socket, message)) === 'ok'
        if (!isReceived) await sleep(100)
      }
      if (isReceived) this.#acknowledged.push(id)
      // As much as shows a loss, and leaves the machine to the servers.
      await sleep(PAUSE_MS)
    }
    socket?.close()
  }

  async #messagesOf(topic: string, count: number): Promise<readonly string[]> {
    const socket = this.#socket('reader', `${topic}?messageId=earliest&receiverQueueSize=1000`)
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
}

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
