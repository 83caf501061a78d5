import assert from 'node:assert/strict'
import { v7 as uuidV7 } from 'uuid'
import type { State } from '../../runtime/console/state.ts'
import { partitionName, type TopicSetUp, topicPath, topicSetUpOf } from '../../runtime/names.ts'
import { loadPulsarModule } from '../../runtime/queue/native.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'
import { servers } from './servers.ts'

const PARTITIONS = 2
const native = await loadPulsarModule().catch(() => undefined)

/** What operators do to topic, subscription and policies, one call at a time; under load: `npm run test:operators`. */
describe('a 200 needs a reader', () => {
  for (const transport of ['websocket', 'native'] as const) {
    describe(`by the ${transport} transport`, () => {
      if (transport === 'native' && !native) {
        // pulsar-client is optional: its binary cannot be installed everywhere.
        it.skip('pulsar-client is not installed on this machine')
        return
      }
      promises(transport)
    })
  }
})

function promises(transport: string): void {
  let pipeline: Pipeline
  let topics: TopicSetUp
  let suite = 0
  const accepted: string[] = []

  beforeEach(async () => {
    suite += 1
    accepted.length = 0
    const settings = { PULSAR_PARTITIONS: String(PARTITIONS), PULSAR_TRANSPORT: transport, BULK_TIMEOUT_SECONDS: '0.2' }
    pipeline = await Pipeline.create(`reader-${transport}-${suite}`, settings)
    topics = topicSetUpOf(pipeline.config)
    await pipeline.startApi()
    await eventually(async () => (await track()) === 200)
  })
  afterEach(() => pipeline.close())

  async function track(): Promise<number> {
    const id = uuidV7()
    const { status } = await pipeline.track({ source: { id: 'my-source' }, events: [{ id, type: 'page-view' }] })
    if (status === 200) accepted.push(id)
    return status
  }
  async function admin(method: string, path: string, body?: unknown): Promise<number> {
    const { pulsar } = servers()
    const headers = { authorization: `Bearer ${pulsar.token}`, 'content-type': 'application/json' }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(`${pulsar.adminUrl}/admin/v2/${path}`, init)
    await response.text()
    return response.status
  }
  const path = () => topicPath(topics.events)
  const setUp = () => setUpQueue(pipeline.admin, topics)

  /** The reason for which nothing is promised, as metrics have it. */
  async function reason(): Promise<string | undefined> {
    const text = await (await fetch(`${pipeline.monitoringUrl}/metrics`)).text()
    return /tracardi_api_not_promised\{reason="(\w+)"\} 1/.exec(text)?.[1]
  }
  async function assertAllStored(): Promise<void> {
    await pipeline.startWorker()
    await pipeline.untilStored(accepted.length)
    await eventually(async () => (await pipeline.backlog()) === 0)
    assert.equal(await pipeline.count(), accepted.length)
  }

  it('says so everywhere when the subscription is deleted, and stores the messages before and after', async () => {
    assert.equal(await admin('DELETE', `${path()}/subscription/${topics.eventsSubscription}?force=true`), 204)
    await eventually(async () => (await reason()) === 'subscription_missing')
    assert.equal(await track(), 503)
    const ready = (await (await fetch(`${pipeline.monitoringUrl}/health/ready`)).json()) as { status: string }
    assert.equal(ready.status, 'degraded')
    const console = (await (await pipeline.operate('/console/state')).json()) as State
    assert.ok(console.advice.some(({ code }) => code === 'not_promised'))
    await setUp()
    await eventually(async () => (await track()) === 200)
    assert.equal(await reason(), undefined)
    await assertAllStored()
  })

  it('promises nothing while the topic is gone, and makes it whole by set-up', async () => {
    assert.equal(await admin('DELETE', `${path()}/partitions?force=true`), 204)
    await eventually(async () => (await reason()) === 'topic_missing')
    assert.equal(await track(), 503)
    accepted.length = 0
    await setUp()
    assert.equal(await pipeline.admin.partitions(topics.events), PARTITIONS)
    await eventually(async () => (await track()) === 200)
    await assertAllStored()
  })

  it('keeps waiting messages despite a namespace policy that drops, and promises nothing under such a topic policy', async () => {
    const quota = { limitSize: 1, limitTime: -1, policy: 'consumer_backlog_eviction' }
    const query = 'backlogQuota?backlogQuotaType=destination_storage'
    assert.equal(await admin('POST', `namespaces/${topics.tenant}/${topics.namespace}/${query}`, quota), 204)
    assert.equal(await track(), 200)
    assert.equal(await reason(), undefined)
    assert.equal(await admin('POST', `${path()}/${query}`, { ...quota, limitSize: 2 ** 30 }), 204)
    await eventually(async () => (await reason()) === 'backlog_eviction')
    assert.equal(await track(), 503)
    await setUp()
    await eventually(async () => (await track()) === 200)
    await assertAllStored()
  })

  it('omits a partition that takes nothing, and names it', async () => {
    assert.equal(await admin('POST', `${topicPath(partitionName(topics.events, 1))}/terminate`), 200)
    const open = async (): Promise<string> => {
      await track()
      const text = await (await fetch(`${pipeline.monitoringUrl}/metrics`)).text()
      const states = text.matchAll(/tracardi_api_partition_open\{partition="\d"\} (\d)/g)
      return [...states].map(([, isOpen]) => isOpen).join('')
    }
    await eventually(async () => (await open()) === '10')
    assert.equal(await track(), 200)
    await assertAllStored()
  })
}
