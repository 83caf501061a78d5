import assert from 'node:assert/strict'
import { conflictFinder } from '../../../runtime/search/conflicts.ts'
import { callText, type EventDocument, eventLines } from '../../../runtime/search/documents.ts'
import { scriptedClient } from '../../support/scripted-client.ts'

const INDEX = 'tracardi-event-2026-11'
const FIRST = '2026-11-22T10:00:00.000Z'
const LATER = '2026-11-22T11:00:00.000Z'

function operation(id: string, more: Partial<EventDocument> = {}, ingest = FIRST, session = 's1'): Buffer {
  const call = callText({ ingest, source: { id: 'shop' }, session: { id: session } })
  return Buffer.from(eventLines(INDEX, { id, type: 't', name: 't', ...more }, call))
}

function documentOf(lines: Buffer): unknown {
  return JSON.parse(lines.toString().split('\n')[1] ?? '')
}

describe('conflictFinder', () => {
  const search = scriptedClient()
  const { server } = search

  /** The ids of the conflicts, where these documents are stored and those come. */
  async function conflicts(stored: readonly (Buffer | undefined)[], come: readonly Buffer[]): Promise<string[]> {
    server.answer = () => ({
      body: { docs: stored.map((lines) => ({ _id: 'x', ...(lines && { _source: documentOf(lines) }) })) },
    })
    return (await conflictFinder(search.client)(come)).map(({ id }) => id.replace(/~.*/, ''))
  }

  it('asks for the documents of the events, by index and id', async () => {
    await conflicts([operation('a')], [operation('a')])
    const [call] = server.calls
    assert.deepEqual([call?.method, call?.path], ['POST', '/_mget'])
    const { docs } = JSON.parse(call?.text ?? '') as { docs: object[] }
    assert.deepEqual(docs, [{ _index: INDEX, _id: 'a~jZAB0yxqcD2' }])
  })

  it('finds no conflict in a later repetition with a new session', async () => {
    const properties = { a: [1, { b: 2 }] }
    assert.deepEqual(
      await conflicts([operation('a', { properties })], [operation('a', { properties }, LATER, 's2')]),
      [],
    )
  })

  for (const [what, more] of [
    ['type', { type: 'other' }],
    ['name', { name: 'other' }],
    ['properties', { properties: { a: 1 } }],
    ['context', { context: { a: 1 } }],
    ['options', { config: { a: 1 } }],
    ['tags', { tags: { values: ['a'], count: 1 } }],
    ['time of the event', { insert: LATER }],
    ['time of registration', { create: LATER }],
    ['time of change', { update: LATER }],
  ] as const) {
    it(`finds another ${what}`, async () => {
      assert.deepEqual(await conflicts([operation('a'), operation('b')], [operation('a'), operation('b', more)]), ['b'])
    })
  }

  it('compares the times that the client said, corrected or not', async () => {
    const said = { create: LATER, sent: FIRST }
    const corrected = operation('a', { create: FIRST, original: said })
    const again = operation('a', { create: '2026-11-22T10:00:00.007Z', original: { ...said, sent: LATER } }, LATER)
    assert.deepEqual(await conflicts([corrected], [again]), [])
    assert.deepEqual(await conflicts([corrected], [operation('a', { create: LATER })]), [])
    const other = operation('a', { create: FIRST, original: { create: FIRST, sent: FIRST } })
    assert.deepEqual(await conflicts([corrected], [other]), ['a'])
  })

  it('takes a document that is gone for no conflict, and keeps the places of the others', async () => {
    assert.deepEqual(
      await conflicts([undefined, operation('b')], [operation('a'), operation('b', { type: 'other' })]),
      ['b'],
    )
  })

  it('finds whatever else is stored under the id', async () => {
    server.answer = () => ({ body: { docs: [{ _id: 'x', _source: {} }] } })
    assert.equal((await conflictFinder(search.client)([operation('a')])).length, 1)
  })

  it('compares 500 documents with a request', async () => {
    await conflicts([], Array(501).fill(operation('a')))
    assert.deepEqual(
      server.calls.map(({ text }) => (JSON.parse(text) as { docs: object[] }).docs.length),
      [500, 1],
    )
  })
})
