import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { loadConfig } from '../../runtime/config.ts'
import { topicPath, topicSetUpOf } from '../../runtime/names.ts'
import { pulsarAdmin } from '../../runtime/queue/admin.ts'
import { keptOf } from '../../runtime/queue/kept.ts'
import { setUpQueue } from '../../runtime/queue/topic-set-up.ts'
import { webSocketTransport } from '../../runtime/queue/websocket.ts'
import { listIndices } from '../../runtime/search/retention.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'
import { environmentFor } from './servers.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))
const FAST = ['--events-per-second', '1000000'] as const

/** The numbers in the first line of a report: messages read, events stored, there already, conflicts, dead letters. */
function numbersOf(output: string): readonly number[] {
  const line = output.split('\n').find((one) => one.includes(' messages read in ')) ?? assert.fail(output)
  const [, messages, rest = ''] = /^([\d,]+) messages read in [^:]+: (.*)$/.exec(line) ?? []
  const counts = [messages, ...(rest.match(/\d[\d,]*/g) ?? [])]
  return counts.map((count) => Number(String(count).replaceAll(',', '')))
}

describe('a replay of what Pulsar keeps', () => {
  let pipeline: Pipeline
  let suite = 0

  beforeEach(async () => {
    suite += 1
    pipeline = await Pipeline.create(`replay-${suite}`, { PULSAR_PARTITIONS: '3', BULK_TIMEOUT_SECONDS: '0.2' })
    await pipeline.startApi()
  })
  afterEach(() => pipeline.close())

  /** Publishes calls of ten events each, whose ids begin with the name. */
  async function publish(name: string, calls: number): Promise<void> {
    const answers = Array.from({ length: calls }, (_, call) =>
      pipeline.track({
        source: { id: 'my-source' },
        session: { id: `${name}-${call}` },
        events: Array.from({ length: 10 }, (_, number) => ({ type: 'page-view', id: `${name}-${call}-${number}` })),
      }),
    )
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
  }

  const replay = (...args: readonly string[]) => cli(pipeline.env, 'replay', ...args)

  async function storeAll(events: number): Promise<void> {
    await pipeline.startWorker()
    await pipeline.untilStored(events)
    await eventually(async () => (await pipeline.backlog()) === 0)
    await pipeline.stopWorker()
  }

  async function idsBeginningWith(name: string): Promise<number> {
    await pipeline.search.indices.refresh({ index: `${pipeline.eventAlias}-*` })
    const query = { prefix: { id: `${name}-` } }
    return (await pipeline.search.count({ index: `${pipeline.eventAlias}-*`, query })).count
  }

  async function deleteIndices(): Promise<void> {
    const indices = await listIndices(pipeline.search, pipeline.config)
    for (const { name } of indices) await pipeline.search.indices.delete({ index: name })
  }

  /** Whether the API has opened the topic again: until then its calls are answered 503. */
  async function hasPublisher(path: string): Promise<boolean> {
    const headers = { authorization: `Bearer ${pipeline.config.pulsarAuthToken}` }
    const answer = await fetch(`${pipeline.config.pulsarApi}/admin/v2/${path}/stats`, { headers })
    return answer.ok && ((await answer.json()) as { publishers: unknown[] }).publishers.length > 0
  }

  const admin = (method: 'PUT' | 'DELETE', path: string) =>
    request(`${pipeline.config.pulsarApi}/admin/v2/${path}`, {
      method,
      headers: { authorization: `Bearer ${pipeline.config.pulsarAuthToken}` },
    }).then(async ({ statusCode, body }) => {
      await body.dump()
      return statusCode
    })

  it('fills an index again that was deleted, each event once, and stores nothing the next time', async () => {
    await publish('a', 200)
    await storeAll(2000)
    await deleteIndices()
    const first = await replay('--from', 'earliest', ...FAST)
    assert.deepEqual([first.code, numbersOf(first.output).slice(1)], [0, [2000, 0, 0, 0]], first.output + first.errors)
    assert.equal(await pipeline.count(), 2000)
    const again = await replay('--from', 'earliest', ...FAST)
    assert.deepEqual([again.code, numbersOf(again.output).slice(1)], [0, [0, 2000, 0, 0]], again.output + again.errors)
    assert.equal(await pipeline.count(), 2000)
    // The subscription was not moved by it.
    assert.equal(await pipeline.backlog(), 0)
  })

  it('stores what was published from one time up to another, and nothing else', async () => {
    await publish('a', 20)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const from = new Date().toISOString()
    await publish('b', 20)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const to = new Date().toISOString()
    await publish('c', 20)
    const { code, output } = await replay('--from', from, '--to', to, ...FAST)
    assert.deepEqual([code, numbersOf(output).slice(1)], [0, [200, 0, 0, 0]], output)
    assert.deepEqual(
      [await idsBeginningWith('a'), await idsBeginningWith('b'), await idsBeginningWith('c')],
      [0, 200, 0],
    )
    // They still wait for a worker.
    await storeAll(600)
  })

  it('reports by exit code 2 that it was asked for more than is kept', async () => {
    await publish('a', 20)
    const { code, output } = await replay('--from', '1h', ...FAST)
    assert.deepEqual([code, numbersOf(output).slice(1)], [2, [200, 0, 0, 0]], output)
  })

  it('reads over ledgers, and reports where messages are kept no more', async () => {
    const { events, partitions } = topicSetUpOf(pipeline.config)
    const unload = async () => {
      for (let index = 0; index < partitions; index += 1) {
        const path = topicPath(`${events}-partition-${index}`)
        await eventually(async () => (await admin('PUT', `${path}/unload`)) === 204)
        await eventually(() => hasPublisher(path))
      }
    }
    for (const name of ['a', 'b', 'c']) {
      await publish(name, 20)
      await unload()
    }
    await storeAll(600)
    await deleteIndices()
    const whole = await replay('--from', 'earliest', ...FAST)
    assert.deepEqual([whole.code, numbersOf(whole.output).slice(1)], [0, [600, 0, 0, 0]], whole.output)

    const lowered = await cli({ ...pipeline.env, PULSAR_RETENTION_HOURS: '0' }, 'set-up', '--lower-retention')
    assert.equal(lowered.code, 0, lowered.errors)
    await unload()
    await eventually(async () => (await keptOf(pipeline.admin, events, {})).parts.length === 0)
    const nothing = await replay('--from', '1h', ...FAST)
    assert.deepEqual([nothing.code, numbersOf(nothing.output)], [2, [0, 0, 0, 0, 0]], nothing.output)
  })

  it('gives what no API has written to the dead letters, and omits what only a newer version reads', async () => {
    await publish('a', 5)
    const transport = webSocketTransport(pipeline.config)
    const options = { topic: topicSetUpOf(pipeline.config).events, sendTimeoutMs: 5000 }
    const producer = await transport.openProducer(options, () => undefined)
    await producer.send({ payload: Buffer.from('nonsense'), properties: { v: '1' } })
    await producer.send({ payload: Buffer.from('{}\n'), properties: { v: '99', n: '1' } })
    await transport.close()
    const { code, output } = await replay('--from', 'earliest', ...FAST)
    assert.deepEqual([code, numbersOf(output).slice(1)], [2, [50, 0, 0, 1]], output)
    assert.equal(await pipeline.deadLetters(), 1)
  })

  it('reports when it is stopped how to continue, and continuing stores the rest', async () => {
    await publish('a', 100)
    const child = spawn(process.execPath, [CLI, 'replay', '--from', 'earliest', '--events-per-second', '50'], {
      env: { PATH: process.env['PATH'] ?? '', ...pipeline.env },
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    await eventually(() => /events read/.test(output))
    child.kill('SIGINT')
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    assert.equal(code, 130, output)
    const [, from = assert.fail(output)] = /replay --from (\S+)/.exec(output) ?? []
    const stored = numbersOf(output)[1] ?? 0
    assert.ok(stored > 0 && stored < 1000, output)
    assert.equal(await idsBeginningWith('a'), stored)
    const rest = await replay('--from', from, ...FAST)
    assert.equal(await idsBeginningWith('a'), 1000, rest.output)
  })

  it('refuses bad arguments, and a time without a set-up', async () => {
    const { code, errors } = await replay('--from', 'yesterday', '--events-per-second', '0')
    assert.deepEqual([code, errors.startsWith('command_invalid: ')], [1, true])
    const elsewhere = await cli(environmentFor('replay-nowhere'), 'replay', '--from', '1h')
    assert.deepEqual([elsewhere.code, elsewhere.errors.startsWith('set_up_missing: ')], [1, true])
  })

  it('is not needed where a subscription was deleted and is made again: it begins with what is kept', async () => {
    await publish('a', 50)
    await storeAll(500)
    const { events, eventsSubscription } = topicSetUpOf(pipeline.config)
    assert.equal(await admin('DELETE', `${topicPath(events)}/subscription/${eventsSubscription}?force=true`), 204)
    await deleteIndices()
    await setUpQueue(pipeline.admin, topicSetUpOf(pipeline.config))
    await storeAll(500)
    assert.equal(await idsBeginningWith('a'), 500)
  })
})

describe('the retention that set-up makes in Pulsar', () => {
  it('is raised, reported where it is longer, and shortened only when that is asked for', async () => {
    const configOf = (hours: number, gib: number) =>
      loadConfig(
        environmentFor('retention', {
          PULSAR_PARTITIONS: '2',
          PULSAR_RETENTION_HOURS: String(hours),
          PULSAR_RETENTION_SIZE_GIB: String(gib),
        }),
      )
    const admin = pulsarAdmin(configOf(0, 1))
    const setUp = async (hours: number, gib: number, change: 'raise' | 'lower' = 'raise') => {
      const topics = topicSetUpOf(configOf(hours, gib))
      const steps = await setUpQueue(admin, topics, change)
      const { state } = steps.find(({ what }) => what.startsWith('retention of ')) ?? assert.fail('no step')
      return [state, await admin.appliedRetention(topics.events)]
    }
    try {
      assert.deepEqual(await setUp(0, 1), ['exists', { minutes: 0, mib: 0 }])
      assert.deepEqual(await setUp(2, 1), ['updated', { minutes: 120, mib: 512 }])
      assert.deepEqual(await setUp(2, 1), ['exists', { minutes: 120, mib: 512 }])
      assert.deepEqual(await setUp(1, 2), ['differs', { minutes: 120, mib: 1024 }])
      assert.deepEqual(await setUp(0, 1), ['differs', { minutes: 120, mib: 1024 }])
      assert.deepEqual(await setUp(1, 2, 'lower'), ['updated', { minutes: 60, mib: 1024 }])
      assert.deepEqual(await setUp(0, 1, 'lower'), ['updated', { minutes: 0, mib: 0 }])
    } finally {
      await admin.close()
    }
  })
})
