import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { v7 as uuidV7 } from 'uuid'
import { topicsOf } from '../../runtime/names.ts'
import { connectQueue } from '../../runtime/queue/connect.ts'
import { encodeDeadOperation } from '../../runtime/queue/dead-letter.ts'
import { callText, eventLines } from '../../runtime/search/documents.ts'
import { profileHash } from '../../runtime/search/erasures.ts'
import { silentLog } from '../support/log.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))
const DAY_MS = 86_400_000
const GONE = 'profile-to-erase'
const OTHER = 'profile-of-somebody-else'

describe('the erasure of a profile', () => {
  let pipeline: Pipeline
  let suite = 0

  beforeEach(async () => {
    suite += 1
    // Each day is a period; a short timeout, because the command waits for bulks that were sent before.
    const settings = { EVENT_PARTITIONING: 'day', ELASTIC_QUERY_TIMEOUT: '3', BULK_TIMEOUT_SECONDS: '0.2' }
    pipeline = await Pipeline.create(`erase-${suite}`, { ...settings, PULSAR_PARTITIONS: '3' })
    await pipeline.startApi()
  })
  afterEach(() => pipeline.close())

  const erase = (...args: readonly string[]) => cli(pipeline.env, 'erase', '--profile', GONE, ...args)

  /** A call with events of the last days. */
  async function send(
    profile: string,
    events: number,
    properties: object = {},
    session = `session-of-${profile}`,
  ): Promise<void> {
    const { status } = await pipeline.track({
      source: { id: 'my-source' },
      session: { id: session },
      profile: { id: profile },
      events: Array.from({ length: events }, (_, number) => ({
        type: 'page-view',
        id: uuidV7({ msecs: Date.now() - (number % 3) * DAY_MS }),
        properties,
      })),
    })
    assert.equal(status, 200)
  }

  async function count(index: string, query: object): Promise<number> {
    await pipeline.search.indices.refresh({ index })
    return (await pipeline.search.count({ index, query })).count
  }

  /** Events, sessions and profiles with this profile id. */
  async function documentsOf(profile: string): Promise<readonly number[]> {
    const { indexPrefix } = pipeline.config
    const ofProfile = { term: { 'profile.id': profile } }
    return [
      await count(`${pipeline.eventAlias}-*`, ofProfile),
      await count(`${indexPrefix}-session`, ofProfile),
      await count(`${indexPrefix}-profile`, { ids: { values: [profile] } }),
    ]
  }

  async function publishDeadLetter(profile: string): Promise<void> {
    const { deadLetters } = topicsOf(pipeline.config)
    const transport = await connectQueue(pipeline.config, pipeline.admin, silentLog)
    const producer = await transport.openProducer({ topic: deadLetters, sendTimeoutMs: 10_000 }, () => undefined)
    const call = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 'my-source' }, profile: { id: profile } })
    const lines = eventLines(`${pipeline.eventAlias}-2026-11-22`, { id: `dead-${profile}`, type: 't', name: 't' }, call)
    const operation = {
      events: 1,
      eventLines: Buffer.from(lines),
      states: 0,
      stateLines: Buffer.alloc(0),
      receivedAtMs: 1_795_341_600_000,
    }
    const failedAt = '2026-11-22T10:00:01.000Z'
    await producer.send(
      encodeDeadOperation(operation, { fault: 'f', reason: 'r', status: 400, messageId: 'm', failedAt }),
    )
    await producer.close()
    await transport.close()
  }

  const untilRead = () => eventually(async () => (await pipeline.backlog()) === 0)

  it('leaves nothing of 10,000 events over three periods while more arrive, and everything of others', async () => {
    await pipeline.startWorker()
    for (let call = 0; call < 20; call += 1) await send(GONE, 500)
    for (let call = 0; call < 4; call += 1) await send(OTHER, 500, { mentions: { x: 1, profile: { id: GONE } } })
    await publishDeadLetter(GONE)
    await publishDeadLetter(OTHER)
    await pipeline.untilStored(12_000)
    await untilRead()
    assert.deepEqual(await documentsOf(GONE), [10_000, 1, 1])
    const periods = Object.keys(await pipeline.search.indices.get({ index: `${pipeline.eventAlias}-*` }))
    assert.equal(periods.length, 3)
    // These wait in the queue when the erasure begins.
    await pipeline.stopWorker()
    await Promise.all(Array.from({ length: 300 }, (_, number) => send(number % 3 === 0 ? OTHER : GONE, 1)))
    let isOver = false
    let sent = 0
    const arriving = (async () => {
      while (!isOver) {
        await Promise.all([send(GONE, 1), send(OTHER, 1)])
        sent += 1
      }
    })()
    const erasing = erase('--by', 'the data protection officer', '--json')
    await pipeline.startWorker()
    const { code, output, errors } = await erasing
    isOver = true
    await arriving
    await untilRead()
    assert.equal(code, 0, output + errors)
    const report = JSON.parse(output)
    assert.deepEqual([report.finished, report.deadLetters, report.kept], [true, 1, []])
    assert.ok(report.events >= 10_000)
    assert.deepEqual(await documentsOf(GONE), [0, 0, 0])
    assert.deepEqual(await documentsOf(OTHER), [2100 + sent, 1, 1])
    assert.equal(await pipeline.deadLetters(), 1)
    assert.equal(await pipeline.count(), 2100 + sent)
    // What was acknowledged is kept by Pulsar, and stays erased.
    const replayed = await cli(pipeline.env, 'replay', '--from', 'earliest', '--events-per-second', '1000000')
    assert.equal(replayed.code, 0, replayed.output + replayed.errors)
    assert.match(replayed.output, /events were not stored, because their profiles were erased/)
    assert.deepEqual(await documentsOf(GONE), [0, 0, 0])
    assert.deepEqual(await documentsOf(OTHER), [2100 + sent, 1, 1])
    const record = await pipeline.search.search({ index: `${pipeline.config.indexPrefix}-erasures` })
    const [found] = record.hits.hits
    assert.equal(found?._id, profileHash(pipeline.config, GONE))
    const { runs = [] } = (found?._source ?? {}) as { runs?: Record<string, unknown>[] }
    assert.deepEqual(
      runs.map(({ by, action, events }) => [by, action, events]),
      [['the data protection officer', 'erase', report.events]],
    )
    assert.ok(!JSON.stringify(found).includes(GONE))
  })

  it('can be stopped and repeated, and lifted: then later events are stored, and earlier ones are not', async () => {
    await send(GONE, 30)
    await pipeline.startWorker()
    await untilRead()
    const first = await erase('--json')
    assert.deepEqual([first.code, JSON.parse(first.output).events], [0, 30], first.errors)
    const again = await erase('--json')
    assert.deepEqual([again.code, JSON.parse(again.output).events], [0, 0], again.errors)
    await send(GONE, 7)
    await untilRead()
    assert.equal((await erase('--lift')).code, 0)
    assert.deepEqual(await documentsOf(GONE), [0, 0, 0])
    await send(GONE, 11, {}, 'a-later-session')
    await untilRead()
    assert.deepEqual(await documentsOf(GONE), [11, 1, 1])
    assert.equal((await cli(pipeline.env, 'erase', '--profile', 'never-erased', '--lift')).code, 2)
  })

  it('finishes what was stopped or killed', async () => {
    await send(GONE, 30)
    await pipeline.startWorker()
    await untilRead()
    const runs = async () => {
      const index = `${pipeline.config.indexPrefix}-erasures`
      const record = await pipeline.search.search({ index }, { ignore: [404, 503] })
      return ((record.hits?.hits[0]?._source ?? {}) as { runs?: { ended_at?: string }[] }).runs ?? []
    }
    /** Ends the command as soon as it has written the record; answers its exit code. */
    const interrupted = async (signal: 'SIGTERM' | 'SIGKILL', run: number) => {
      const env = { PATH: process.env['PATH'] ?? '', ...pipeline.env }
      const child = spawn(process.execPath, [CLI, 'erase', '--profile', GONE], { env, stdio: 'ignore' })
      const ended = once(child, 'exit')
      await eventually(async () => (await runs()).length === run)
      child.kill(signal)
      return (await ended)[0]
    }
    assert.equal(await interrupted('SIGTERM', 1), 130)
    assert.equal(await interrupted('SIGKILL', 2), null)
    const { code, errors } = await erase()
    assert.equal(code, 0, errors)
    assert.deepEqual(
      (await runs()).map(({ ended_at: endedAt }) => endedAt !== undefined),
      [false, false, true],
    )
    assert.deepEqual(await documentsOf(GONE), [0, 0, 0])
  })

  it('reports by exit code 2 an index that cannot be changed, and finishes once it can', async () => {
    await send(GONE, 30)
    await send(OTHER, 30)
    await pipeline.startWorker()
    await untilRead()
    const index = Object.keys(await pipeline.search.indices.get({ index: `${pipeline.eventAlias}-*` })).sort()[0] ?? ''
    await pipeline.search.indices.addBlock({ index, block: 'write' })
    const first = await erase('--json')
    const { kept, events } = JSON.parse(first.output)
    assert.deepEqual([first.code, events, kept.length, kept[0].index, kept[0].documents], [2, 20, 1, index, 10])
    await pipeline.search.indices.putSettings({ index, settings: { index: { blocks: { write: false } } } })
    const again = await erase('--json')
    assert.deepEqual([again.code, JSON.parse(again.output).events], [0, 10], again.errors)
    assert.deepEqual([await documentsOf(GONE), (await documentsOf(OTHER))[0]], [[0, 0, 0], 30])
  })
})
