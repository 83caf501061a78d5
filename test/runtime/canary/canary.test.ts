import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { Canary, canarySecret } from '../../../runtime/canary/canary.ts'
import { canaryMetrics } from '../../../runtime/canary/metrics.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordingLog } from '../../support/log.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import type { Answer, Call } from '../../support/scripted-server.ts'
import { eventually } from '../../support/until.ts'

const TOKEN = 'token-of-the-operators'

describe('the canary', () => {
  const elasticsearch = scriptedClient()
  let clock: FakeClock
  let registry: Registry
  let canary: Canary
  let log: ReturnType<typeof recordingLog>
  /** Searches that find nothing before one does. */
  let searches: number
  let claim: Answer
  let taken: Answer

  const answer = (call: Call): Answer => {
    if (call.path === '/track') return taken
    if (call.path.includes('/_create/')) return claim
    if (call.path.endsWith('/_count')) {
      searches -= 1
      return { body: { count: searches < 0 ? 1 : 0 } }
    }
    if (call.path.endsWith('/_pit')) return { status: 404, body: {} }
    return { body: {} }
  }
  const asked = () => elasticsearch.server.calls.map(({ method, path }) => `${method} ${path}`)
  const value = async (name: string, labels = '') =>
    Number(
      (await registry.metrics())
        .split('\n')
        .find((line) => line.startsWith(`${name}${labels} `))
        ?.split(' ')[1],
    )
  const failures = async () =>
    Object.fromEntries(
      await Promise.all(
        ['claim', 'call', 'store'].map(
          async (stage) => [stage, await value('tracardi_canary_failures_total', `{stage="${stage}"}`)] as const,
        ),
      ),
    )
  const calledUntil = (part: string, times = 1) =>
    eventually(async () => asked().filter((call) => call.includes(part)).length >= times)

  beforeEach(() => {
    clock = new FakeClock()
    registry = new Registry()
    log = recordingLog()
    searches = 0
    claim = { status: 201, body: { result: 'created' } }
    taken = { body: {} }
    elasticsearch.server.answer = answer
    const config = loadConfig({
      CANARY_URL: elasticsearch.server.url,
      PRIVATE_TOKEN: TOKEN,
      CANARY_WAIT_SECONDS: '10',
    })
    const metrics = canaryMetrics(registry, clock.wallMs)
    canary = new Canary({ config, client: elasticsearch.client, metrics, log: log.log, clock })
    canary.start()
  })
  afterEach(() => canary.stop())

  it('sends one event a minute to the public address, finds it by a search, and deletes it', async () => {
    searches = 2
    clock.advance(60_000)
    for (const count of [1, 2]) {
      await calledUntil('/_count', count)
      await turn()
      clock.advance(1000)
    }
    await calledUntil('DELETE /tracardi-canary/_doc/')
    const call = elasticsearch.server.calls.find(({ path }) => path === '/track')
    const { source, options, events } = JSON.parse(call?.text ?? '')
    assert.deepEqual([source, options], [{ id: 'tracardi-canary' }, { saveSession: false, saveProfile: false }])
    assert.equal(call?.headers.authorization, `Bearer ${canarySecret({ privateToken: TOKEN })}`)
    assert.ok(asked().some((one) => one.startsWith(`DELETE /tracardi-canary/_doc/${events[0].id}~`)))
    assert.equal(await value('tracardi_canary_seconds'), 2)
    assert.equal(await value('tracardi_canary_last_success_timestamp_seconds'), clock.wallMs() / 1000)
    assert.deepEqual(await failures(), { claim: 0, call: 0, store: 0 })
  })

  it('sends nothing in a minute that another API has claimed', async () => {
    claim = { status: 409, body: { error: { type: 'version_conflict_engine_exception' } } }
    clock.advance(60_000)
    await calledUntil('/_create/')
    await canary.stop()
    assert.ok(!asked().includes('POST /track'))
    assert.deepEqual(await failures(), { claim: 0, call: 0, store: 0 })
  })

  it('says that Elasticsearch does not accept its claim', async () => {
    claim = { status: 503, body: { error: { type: 'unavailable_shards_exception' } } }
    clock.advance(60_000)
    await eventually(async () => (await failures())['claim'] === 1)
    assert.deepEqual(await failures(), { claim: 1, call: 0, store: 0 })
    assert.equal(await value('tracardi_canary_last_success_timestamp_seconds'), (clock.wallMs() - 60_000) / 1000)
  })

  it('says what the API answered', async () => {
    taken = { status: 503, body: { detail: 'no receipt' } }
    clock.advance(60_000)
    await eventually(async () => (await failures())['call'] === 1)
    assert.match(JSON.stringify(log.lines), /answered 503: \{\\"detail\\":\\"no receipt\\"\}/)
  })

  it('says that an accepted event is not found, and sends the next one anyway', async () => {
    searches = 1000
    clock.advance(60_000)
    for (let second = 1; second <= 10; second += 1) {
      await calledUntil('/_count', second)
      await turn()
      clock.advance(1000)
    }
    await eventually(async () => (await failures())['store'] === 1)
    assert.match(JSON.stringify(log.lines), /the API accepted it, and no search found it within 10 s/)
    clock.advance(50_000)
    await calledUntil('POST /track', 2)
  })

  it('ends when it is stopped, and counts what was under way neither as found nor as failed', async () => {
    searches = 1000
    clock.advance(60_000)
    await calledUntil('/_count')
    await canary.stop()
    assert.deepEqual(await failures(), { claim: 0, call: 0, store: 0 })
  })

  it('creates its index with the fields of events, one shard and no alias', async () => {
    elasticsearch.server.answer = (call) =>
      call.method === 'HEAD' || call.path.startsWith('/_index_template')
        ? { status: 404, body: { error: { type: 'x' } } }
        : answer(call)
    clock.advance(60_000)
    await calledUntil('/_create/')
    const made = elasticsearch.server.calls.find(({ method, path }) => method === 'PUT' && path === '/tracardi-canary')
    const { settings, mappings, aliases } = JSON.parse(made?.text ?? '{}')
    assert.deepEqual([settings.index.number_of_shards, mappings.dynamic, aliases], ['1', 'strict', {}])
  })

  it('continues when a found event cannot be deleted', async () => {
    elasticsearch.server.answer = (call) => (call.method === 'DELETE' ? { status: 403, body: {} } : answer(call))
    clock.advance(60_000)
    await calledUntil('DELETE')
    await canary.stop()
    assert.deepEqual(await failures(), { claim: 0, call: 0, store: 0 })
  })
})
