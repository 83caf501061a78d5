import assert from 'node:assert/strict'
import type { ItemResult } from '../../../runtime/search/bulk.ts'
import {
  type CallDocument,
  callText,
  eventLines,
  type Json,
  pairs,
  stateLines,
  Verbatim,
} from '../../../runtime/search/documents.ts'
import { erasingSender, type FoundProfile, isOfProfile, profileReader } from '../../../runtime/search/erased.ts'
import { profileHash } from '../../../runtime/search/erasures.ts'

const CONFIG = { indexPrefix: 'tracardi' }
const INGEST = '2026-11-22T10:00:00.000Z'
const FOREVER = Number.POSITIVE_INFINITY

function event(id: string, profile?: string, more: Partial<CallDocument> = {}, properties?: Verbatim): string {
  const subject = profile === undefined ? {} : { profile: { id: profile } }
  const call = callText({ ingest: INGEST, source: { id: 'shop' }, session: { id: 's' }, ...subject, ...more })
  return eventLines(
    'tracardi-event-2026-11',
    { id, type: 't', name: 't', ...(properties && { properties: properties as unknown as Json }) },
    call,
  )
}
const time = { update: INGEST }
const state = { metadata: { time }, source: { id: 'shop' } }
const session = (id: string, profile: string) =>
  stateLines('tracardi-session', { ...state, id, profile: { id: profile } }, 1)
const profileState = (id: string) => stateLines('tracardi-profile', { ...state, id, session: { id: 's' } }, 1)

describe('a bulk without the operations of erased profiles', () => {
  let sent: string[]
  let answer: (operations: number) => ItemResult[]

  beforeEach(() => {
    sent = []
    answer = (operations) => Array.from({ length: operations }, () => ({ outcome: 'stored' }))
  })

  /** The outcomes of the operations when these profiles are erased, each until its time. */
  async function outcomes(lines: readonly string[], erased: Readonly<Record<string, number>>): Promise<string[]> {
    const list = new Map(Object.entries(erased).map(([id, untilMs]) => [profileHash(CONFIG, id), untilMs]))
    const send = async (body: Buffer) => {
      sent.push(body.toString())
      return answer([...pairs(body)].length)
    }
    const results = await erasingSender(send, { current: async () => list }, CONFIG)(Buffer.from(lines.join('')))
    return results.map(({ outcome }) => outcome)
  }

  it('is the bulk itself, unread, while nothing is erased', async () => {
    const lines = [event('a', 'p'), 'not an operation\n']
    assert.deepEqual(await outcomes(lines, {}), ['stored', 'stored'])
    assert.deepEqual(sent, [lines.join('')])
  })

  it('has the events, sessions and states of all others, and each result is at its place', async () => {
    const lines = [
      event('a', 'p'),
      event('b', 'q'),
      session('s1', 'p'),
      session('s2', 'q'),
      profileState('p'),
      event('c', 'p'),
    ]
    answer = () => [{ outcome: 'stored' }, { outcome: 'superseded', status: 409, fault: { type: 't', reason: '' } }]
    assert.deepEqual(await outcomes(lines, { p: FOREVER }), [
      'erased',
      'stored',
      'erased',
      'superseded',
      'erased',
      'erased',
    ])
    assert.deepEqual(sent, [(lines[1] as string) + lines[3]])
  })

  it('is not sent if nothing is left of it, and sent as it is if nothing is to go', async () => {
    assert.deepEqual(await outcomes([event('a', 'p')], { p: FOREVER }), ['erased'])
    assert.deepEqual(sent, [])
    assert.deepEqual(await outcomes([event('a', 'p'), event('b')], { q: FOREVER }), ['stored', 'stored'])
  })

  it('has no results if the server answers with more or fewer, so that halves are sent', async () => {
    answer = () => []
    assert.deepEqual(await outcomes([event('a', 'p'), event('b', 'q')], { p: FOREVER }), [])
  })

  it('keeps what only mentions the profile, in its data or in an id', async () => {
    const data = new Verbatim('{"x":1,"profile":{"id":"p"}}')
    const lines = [
      event('a', undefined, {}, data),
      event('b', 'q', {}, data),
      event(',"profile":{"id":"p"}', 'q'),
      event('c', 'q', { request: { a: 1, profile: { id: 'p' } } }),
      profileState('q').replace('"session":{"id":"s"}', '"x":1,"profile":{"id":"p"}'),
    ]
    assert.deepEqual(await outcomes(lines, { p: FOREVER }), Array(lines.length).fill('stored'))
  })

  it('finds ids with escapes, and with the ids of other systems after them', async () => {
    const id = 'a "quoted" \\ ünïcode 🦊'
    const lines = [
      event('a', id),
      session('s1', id),
      profileState(id),
      event('b', 'x', { profile: { id, ids: ['crm-1'] } }),
    ]
    assert.deepEqual(await outcomes(lines, { [id]: FOREVER }), Array(4).fill('erased'))
  })

  it('has what was received when the erasure was lifted, or later', async () => {
    const at = Date.parse(INGEST)
    const lines = [event('a', 'p'), session('s1', 'p'), profileState('p')]
    assert.deepEqual(await outcomes(lines, { p: at + 1 }), Array(3).fill('erased'))
    assert.deepEqual(await outcomes(lines, { p: at }), Array(3).fill('stored'))
    const without = event('a', 'p').replace(`,"ingest":"${INGEST}"`, '')
    assert.deepEqual(await outcomes([without], { p: at }), ['erased'])
    const untimed = '{"create":{"_index":"i","_id":"a"}}\n{"id":"a","profile":{"id":"p"}}\n'
    assert.deepEqual(await outcomes([untimed], { p: at }), ['erased'])
  })

  it('has an operation without a document', () => {
    const operation = Buffer.from('{"index":{"_index":"tracardi-profile","_id":"p"}}')
    const found = profileReader(CONFIG)(operation)
    assert.deepEqual(found, { profileId: 'p', isState: true })
    assert.equal(isOfProfile(operation, found as FoundProfile), false)
  })

  it('has what is not JSON: Elasticsearch decides about it', async () => {
    const broken = [
      '{"create":{"_index":"i","_id":"a"}}\n{,"profile":{"id":"p"}\n',
      '{"create":{"_index":"i","_id":"a"}}\n{,"profile":{"id":"p\n',
      '{"create":{"_index":"i","_id":"a"}}\n',
    ]
    for (const lines of broken) assert.deepEqual(await outcomes([lines], { p: FOREVER }), ['stored'], lines)
    assert.equal(profileReader(CONFIG)(Buffer.from(',"profile":{"id":"a\\')), undefined)
  })
})
