import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuidV7 } from 'uuid'
import { periodOf } from '../../runtime/search/indices.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const DAY_MS = 24 * 3600 * 1000
const EVENTS_PER_CALL = 10
/** With the calls of `load`: 500 events a second. */
const CALL_EVERY_MS = 20
const CALLS = 100

describe('an API and a worker whose templates are deleted under load', () => {
  let pipeline: Pipeline
  let suite = 0
  let alias: string

  beforeEach(async () => {
    suite += 1
    const settings = { EVENT_PARTITIONING: 'day', BULK_TIMEOUT_SECONDS: '1', ELASTIC_INDEX_SHARDS: '2' }
    pipeline = await Pipeline.create(`new-period-${suite}`, settings)
    alias = pipeline.eventAlias
    await pipeline.startApi()
    await pipeline.startWorker()
  })
  afterEach(() => pipeline.close())

  const indexOf = (timeMs: number) => `${alias}-${periodOf(timeMs, 'day')}`
  const deleteTemplates = async (...kinds: string[]) => {
    for (const kind of kinds) {
      await pipeline.search.indices.deleteIndexTemplate({ name: `${pipeline.config.indexPrefix}-${kind}` })
    }
  }

  /** Sends events of this time; answers the ids that got a 200. */
  async function load(timeMs: number, calls = CALLS): Promise<readonly string[]> {
    const accepted: string[] = []
    const sent: Promise<void>[] = []
    for (let call = 0; call < calls; call += 1) {
      const events = Array.from({ length: EVENTS_PER_CALL }, () => ({ id: uuidV7({ msecs: timeMs }), type: 'a' }))
      const options = { saveSession: false, saveProfile: false }
      sent.push(
        pipeline.track({ source: { id: 'my-source' }, events, options }).then(({ status }) => {
          if (status === 200) accepted.push(...events.map(({ id }) => id))
        }),
      )
      await sleep(CALL_EVERY_MS)
    }
    await Promise.all(sent)
    return accepted
  }

  /** How often each id is found through the alias, as `{ times: ids }`. */
  async function found(ids: readonly string[]): Promise<Record<number, number>> {
    const counts: Record<number, number> = {}
    for (let start = 0; start < ids.length; start += 500) {
      const some = ids.slice(start, start + 500)
      const answer = await pipeline.search.search<{ id: string }>({
        index: alias,
        size: 2000,
        query: { terms: { id: some } },
      })
      const times = Map.groupBy(answer.hits.hits, (hit) => hit._source?.id)
      for (const id of some) {
        const count = times.get(id)?.length ?? 0
        counts[count] = (counts[count] ?? 0) + 1
      }
    }
    return counts
  }

  async function untilDrained(): Promise<void> {
    await eventually(async () => (await pipeline.backlog()) === 0)
    await pipeline.search.indices.refresh({ index: `${alias}-*` })
  }

  async function assertRight(index: string): Promise<void> {
    const state = (await pipeline.search.indices.get({ index }))[index]
    assert.deepEqual(
      [state?.mappings?.dynamic, state?.settings?.index?.number_of_shards, Object.keys(state?.aliases ?? {})],
      ['strict', '2', [alias]],
    )
  }

  it('stores a new period in an index with mapping, shards and alias, and writes the template again', async () => {
    const now = Date.now()
    const today = await load(now)
    await deleteTemplates('event', 'session', 'profile', 'no-auto-create')
    const tomorrow = await load(now + DAY_MS)
    await untilDrained()
    const all = [...today, ...tomorrow]
    assert.deepEqual(await found(all), { 1: all.length })
    assert.equal(all.length, 2 * CALLS * EVENTS_PER_CALL)
    await assertRight(indexOf(now + DAY_MS))
    await eventually(() => pipeline.search.indices.existsIndexTemplate({ name: alias }))
    assert.equal(await pipeline.deadLetters(), 0)
  })

  it('stores what it promised after index and templates were deleted together', async () => {
    const now = Date.now()
    await load(now)
    await deleteTemplates('event', 'session', 'profile', 'no-auto-create')
    await pipeline.search.indices.delete({ index: indexOf(now) })
    const after = await load(now)
    await untilDrained()
    assert.deepEqual(await found(after), { 1: CALLS * EVENTS_PER_CALL })
    await assertRight(indexOf(now))
    assert.equal(await pipeline.deadLetters(), 0)
  })
})
