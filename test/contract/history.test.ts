import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../runtime/config.ts'
import { mergedPast } from '../../runtime/console/advice-log.ts'
import { historyIndex } from '../../runtime/console/history-index.ts'
import { Recorder } from '../../runtime/console/recorder.ts'
import { indicesOf } from '../../runtime/names.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { answers, observation, partitions, reading, WORKER } from '../runtime/console/observations.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { silentLog } from '../support/log.ts'
import { environmentFor, servers } from './servers.ts'

const MINUTE_MS = 60_000
const STORED = 'tracardi_worker_events_total{outcome="stored"}'

describe('the history of the console', () => {
  const clock = new FakeClock()
  const clients: Client[] = []
  const config = () => loadConfig(environmentFor('history'))
  /** One API, with a client of its own. A worker stores 100 events in each minute, in which one message more waits. */
  const newApi = () => {
    const client = searchClient(config())
    clients.push(client)
    const minute = () => Math.floor(clock.nowMs() / MINUTE_MS)
    const observe = async () => ({
      ...observation(0, {
        instances: [answers(WORKER, reading('worker', { counters: { [STORED]: minute() * 120 } }))],
        queue: partitions(minute()),
      }),
      atMs: clock.wallMs(),
    })
    return new Recorder({ observe, index: historyIndex(client, config()), clock, log: silentLog })
  }
  const shown = async (api: Recorder) =>
    (await api.timeline()).samples.map(({ backlogMessages, storedPerSecond }) => [backlogMessages, storedPerSecond])
  const pass = async (...apis: readonly Recorder[]) => {
    for (const api of apis) await api.sample()
    clock.advance(MINUTE_MS)
  }

  after(() => Promise.all(clients.map((client) => client.close())))

  it('is the same from two APIs, survives a restart, and lacks no sample of a time without Elasticsearch', async () => {
    const one = newApi()
    const two = newApi()
    for (let minute = 0; minute < 3; minute += 1) await pass(one, two)
    const [client] = clients as [Client]
    const index = indicesOf(config()).console
    await client.indices.refresh({ index })
    // Three samples, and what the processes had counted.
    assert.equal((await client.count({ index })).count, 4)
    const before = [
      [0, null],
      [1, 2],
      [2, 2],
    ]
    assert.deepEqual([await shown(one), await shown(two)], [before, before])

    const restarted = newApi()
    assert.deepEqual(await shown(restarted), before)
    await pass(restarted)

    servers().elasticsearch.kill()
    for (let minute = 0; minute < 3; minute += 1) await pass(restarted)
    const during = await restarted.timeline()
    assert.match(during.reason ?? '', /./)
    await servers().restartElasticsearch()
    for (let attempt = 0; attempt < 30 && (await restarted.timeline()).reason !== undefined; attempt += 1)
      await pass(restarted)
    await client.indices.refresh({ index })

    const all = await shown(newApi())
    assert.deepEqual(all.slice(0, 3), before)
    assert.deepEqual(
      all.slice(3, 7),
      [3, 4, 5, 6].map((minute) => [minute, 2]),
    )
  })

  it('has the past advice of every API, each cause once', async () => {
    const [one, two, other] = [newApi(), newApi(), newApi()]
    const nowMs = clock.wallMs()
    const line = { code: 'pulsar_away', severity: 'act', title: 'Pulsar', where: 'pulsar' } as const
    one.keep([{ ...line, fromMs: nowMs - 70_000, untilMs: nowMs - 2000 }])
    two.keep([{ ...line, fromMs: nowMs - 9000, untilMs: nowMs - 1000 }])
    await pass(one, two)
    await clients[0]?.indices.refresh({ index: indicesOf(config()).console })
    await other.timeline()
    assert.deepEqual(mergedPast(other.pastAdvice(), []), [{ ...line, fromMs: nowMs - 70_000, untilMs: nowMs - 1000 }])
  })
})
