import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import {
  type ErasureRecord,
  Erasures,
  MAX_LIST_AGE_MS,
  profileHash,
  writeErasure,
} from '../../../runtime/search/erasures.ts'
import { scriptedClient } from '../../support/scripted-client.ts'
import { refusal } from '../../support/scripted-search.ts'
import type { Call } from '../../support/scripted-server.ts'

const config = loadConfig({})
const hit = (id: string, change: number, liftedAt?: string) => ({
  _id: id,
  _source: liftedAt === undefined ? {} : { lifted_at: liftedAt },
  sort: [change],
})

describe('the record of erased profiles', () => {
  const search = scriptedClient()
  const { server } = search
  let nowMs: number
  let pages: object[][]
  const askedAfter = () => server.calls.map(({ text }) => JSON.parse(text).query.range._seq_no.gt)
  const erasures = () => new Erasures(search.client, config, () => nowMs)

  beforeEach(() => {
    nowMs = 1_000_000
    server.answer = () => ({ body: { hits: { hits: pages.shift() ?? [] } } })
  })

  it('names a profile by a hash that another installation has not', () => {
    assert.equal(profileHash(config, 'p1'), 'n9TSbVuBPIKUaIYXDZ9p896EADUoT1VbKFNZnG_7cLQ')
    assert.notEqual(profileHash({ indexPrefix: 'other' }, 'p1'), profileHash(config, 'p1'))
  })

  it('is empty while there is no such index, which is asked for again after 5 s', async () => {
    server.answer = () => refusal(404, 'index_not_found_exception')
    const list = erasures()
    assert.equal((await list.current()).size, 0)
    nowMs += MAX_LIST_AGE_MS
    await list.current()
    assert.deepEqual([server.calls.length, server.calls[0]?.path], [1, '/tracardi-erasures/_search'])
    nowMs += 1
    await list.current()
    assert.equal(server.calls.length, 2)
  })

  it('is read page by page, then change by change, and as a whole every ten minutes', async () => {
    const full = Array.from({ length: 1000 }, (_, number) => hit(`p${number}`, number))
    pages = [full, [hit('q', 1000, '2026-11-28T00:00:00.000Z')], [hit('p3', 1001, '2026-11-28T00:00:00.000Z')]]
    const list = erasures()
    const first = await list.current()
    assert.deepEqual([first.size, first.get('p3')], [1001, Number.POSITIVE_INFINITY])
    assert.equal(first.get('q'), Date.parse('2026-11-28T00:00:00Z'))
    nowMs += 6000
    assert.equal((await list.current()).get('p3'), Date.parse('2026-11-28T00:00:00Z'))
    nowMs += 600_001
    assert.equal((await list.current()).size, 0)
    assert.deepEqual(askedAfter(), [-1, 999, 1000, -1])
  })

  it('is read once for those who ask at the same time, and none gets an old one when it cannot be read', async () => {
    pages = [[hit('p1', 0)]]
    const list = erasures()
    await Promise.all([list.current(), list.current()])
    assert.equal(server.calls.length, 1)
    nowMs += 6000
    server.answer = () => refusal(503, 'no_shard_available_action_exception')
    await assert.rejects(list.current())
    server.answer = () => ({ body: { hits: { hits: [] } } })
    assert.equal((await list.current()).size, 1)
  })

  const ours = { erased_at: '2026-11-28T00:00:00.000Z', runs: [] }
  const write = (seen: (ErasureRecord | undefined)[] = []) =>
    writeErasure(search.client, config, 'hash', (found) => {
      seen.push(found)
      return ours
    })
  const conflict = () => refusal(409, 'version_conflict_engine_exception')
  /** Answers the creation of the index, the reading, and the writing. */
  const answers = (create: ReturnType<typeof refusal>, get: object, puts: object[]) => (call: Call) => {
    if (call.path === '/tracardi-erasures') return create
    if (call.method === 'GET') return get
    return puts.shift() ?? conflict()
  }
  const created = { body: { acknowledged: true } } as ReturnType<typeof refusal>

  it('gets an index of one shard with the replicas of the others, and a document that every search finds', async () => {
    server.answer = answers(created, { status: 404, body: { found: false } }, [{ body: { result: 'created' } }])
    const seen: (ErasureRecord | undefined)[] = []
    assert.deepEqual(await write(seen), ours)
    assert.deepEqual(seen, [undefined])
    const [index, , put] = server.calls
    assert.deepEqual(JSON.parse(index?.text ?? '').settings, { number_of_shards: 1, number_of_replicas: 1 })
    const { query } = put as Call
    assert.deepEqual(
      [put?.path, query.get('op_type'), query.get('refresh')],
      ['/tracardi-erasures/_doc/hash', 'create', 'true'],
    )
  })

  it('is changed as it was read, again after another change, and given up after five', async () => {
    const found = { body: { found: true, _source: ours, _seq_no: 4, _primary_term: 2 } }
    const isThere = refusal(400, 'resource_already_exists_exception')
    server.answer = answers(isThere, found, [conflict(), { body: { result: 'updated' } }])
    assert.deepEqual(await write(), ours)
    const puts = server.calls.filter(({ path }) => path.includes('hash')).filter(({ method }) => method !== 'GET')
    assert.deepEqual(
      puts.map(({ query }) => [query.get('if_seq_no'), query.get('if_primary_term')]),
      [
        ['4', '2'],
        ['4', '2'],
      ],
    )
    server.answer = answers(isThere, found, [])
    await assert.rejects(write(), { code: 'search_unavailable' })
    server.answer = answers(refusal(403, 'security_exception'), found, [])
    await assert.rejects(write())
  })
})
