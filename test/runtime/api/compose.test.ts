import assert from 'node:assert/strict'
import { type Composed, type Composition, composer } from '../../../runtime/api/compose.ts'
import type { TrackPayload } from '../../../runtime/api/schema.ts'
import { profileOfSession, type SubjectRules, TRUSTING } from '../../../runtime/api/subject.ts'
import { type Config, loadConfig } from '../../../runtime/config.ts'
import { parseExactly } from '../../../runtime/exact-json.ts'
import { sourceSuffix } from '../../../runtime/search/documents.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const NOW = '2026-11-22T10:00:00.000Z'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

type Payload = Partial<TrackPayload>

function compositionOf(
  payload: Payload,
  settings: Partial<Config> = {},
  rules: Partial<SubjectRules> = {},
): Composition {
  const call = { source: { id: 'shop' }, session: { id: 's1' }, profile: { id: 'p1' }, ...payload }
  return composer({ ...loadConfig({}), ...settings }).compose(call, NOW_MS, { ...TRUSTING, ...rules })
}

function composed(payload: Payload, settings: Partial<Config> = {}, rules: Partial<SubjectRules> = {}): Composed {
  const composition = compositionOf(payload, settings, rules)
  assert.equal(composition.kind, 'composed')
  return (composition as { composed: Composed }).composed
}

function eventLinesOf(payload: Payload, settings: Partial<Config> = {}): string[] {
  return composed(payload, settings).parts.flatMap((part) => part.eventLines.join('').trimEnd().split('\n'))
}

function stateLinesOf(payload: Payload): string[] {
  return composed(payload)
    .parts.flatMap((part) => part.stateLines.join('').trimEnd().split('\n'))
    .filter(Boolean)
}

function indexOf(id: string | undefined, settings: Partial<Config> = {}): string {
  const [action = ''] = eventLinesOf({ events: [{ type: 't', ...(id === undefined ? {} : { id }) }] }, settings)
  return JSON.parse(action).create._index
}

/** A UUIDv7 of a moment. */
function uuidAt(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-0123456789ab`
}

describe('composer', () => {
  it('writes an event as the action that creates it and its document', () => {
    assert.deepEqual(eventLinesOf({ events: [{ id: 'e1', type: 'page-view' }] }), [
      '{"create":{"_index":"tracardi-event-2026-11","_id":"e1~jZAB0yxqcD2"}}',
      `{"id":"e1","type":"page-view","name":"page-view","metadata":{"time":{"insert":"${NOW}","ingest":"${NOW}"}},"source":{"id":"shop"},"session":{"id":"s1"},"profile":{"id":"p1"}}`,
    ])
  })

  it('sends the events of the canary to an index of their own, and those of no other source', () => {
    const indicesOfSource = (id: string) =>
      eventLinesOf({ source: { id }, events: [{ id: 'e1', type: 'canary' }] }).map(
        (line) => JSON.parse(line).create?._index,
      )[0]
    assert.equal(indicesOfSource(' tracardi-canary '), 'tracardi-canary')
    assert.equal(indicesOfSource('tracardi-canary-2'), 'tracardi-event-2026-11')
  })

  it('carries everything that an event may have', () => {
    const event = {
      id: ' e1 ',
      type: ' Page  View ',
      time: { insert: '2026-11-20 09:00:00', create: 1_795_341_599_000, update: '2026-11-21T00:00:00+02:00' },
      properties: { a: 1 },
      context: { b: 2 },
      options: { c: 3 },
      tags: ['x', 'y'],
    }
    const [, document = ''] = eventLinesOf({
      source: { id: ' shop ' },
      request: { headers: { via: 'z' } },
      events: [event],
    })
    assert.deepEqual(JSON.parse(document), {
      id: 'e1',
      type: 'page-view',
      name: 'Page  View',
      metadata: {
        time: {
          insert: '2026-11-20T09:00:00.000Z',
          ingest: NOW,
          create: '2026-11-22T09:59:59.000Z',
          update: '2026-11-20T22:00:00.000Z',
        },
      },
      source: { id: 'shop' },
      session: { id: 's1' },
      profile: { id: 'p1' },
      properties: { a: 1 },
      context: { b: 2 },
      config: { c: 3 },
      request: { headers: { via: 'z' } },
      tags: { values: ['x', 'y'], count: 2 },
    })
  })

  it('accepts null and nothing for every optional field', () => {
    const event = { id: 'e1', type: 't', time: null, properties: null, context: {}, options: null, tags: null }
    const moments = { id: 'e2', type: 't', time: { insert: null, create: '' }, tags: [] }
    const lines = eventLinesOf({
      context: null,
      properties: null,
      request: null,
      options: null,
      events: [event, moments],
    })
    const keys = ['id', 'type', 'name', 'metadata', 'source', 'session', 'profile']
    for (const line of [lines[1], lines[3]]) {
      const document = JSON.parse(line ?? '')
      assert.deepEqual(Object.keys(document), keys)
      assert.deepEqual(document.metadata.time, { insert: NOW, ingest: NOW })
    }
    assert.deepEqual(composed({ events: null }).events, 0)
  })

  it('makes a UUIDv7 for an event without id, of the time of arrival', () => {
    for (const id of [undefined, null, '', '  ']) {
      const [action = '', document = ''] = eventLinesOf({
        events: [{ type: 't', ...(id === undefined ? {} : { id }) }],
      })
      const made = JSON.parse(document).id
      assert.match(made, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(JSON.parse(action).create._id, `${made}~jZAB0yxqcD2`)
    }
  })

  it('makes ids for a missing, null or blank session and profile, and reports them', () => {
    for (const nobody of [
      { session: null, profile: null },
      { session: { id: ' ' }, profile: { id: null } },
      { session: {}, profile: {} },
    ]) {
      const { sessionId, profileId } = composed({ ...nobody, events: [] })
      assert.match(sessionId ?? '', UUID)
      assert.equal(profileId, profileOfSession(sessionId ?? ''))
    }
  })

  it('strips the ids of session and profile', () => {
    const { sessionId, profileId } = composed({ session: { id: ' s2\n' }, profile: { id: '\tp2 ' } })
    assert.deepEqual([sessionId, profileId], ['s2', 'p2'])
  })

  it('writes the state of session and profile, one with a version that favours the earliest, the other the latest', () => {
    assert.deepEqual(stateLinesOf({ context: { screen: 1 }, properties: { plan: 'a' }, events: [] }), [
      `{"index":{"_index":"tracardi-session","_id":"s1","version":${2e14 - 1 - NOW_MS},"version_type":"external_gte"}}`,
      `{"metadata":{"time":{"update":"${NOW}"}},"source":{"id":"shop"},"id":"s1","profile":{"id":"p1"},"context":{"screen":1},"properties":{"plan":"a"}}`,
      `{"index":{"_index":"tracardi-profile","_id":"p1","version":${NOW_MS},"version_type":"external_gte"}}`,
      `{"metadata":{"time":{"update":"${NOW}"}},"source":{"id":"shop"},"id":"p1","session":{"id":"s1"}}`,
    ])
  })

  it('knows neither profile nor states in a call without profile, and keeps a session that was named', () => {
    const event = { events: [{ id: 'e1', type: 't' }] }
    const nobody = composed({ ...event, session: null, profile: null }, {}, { profileLess: true })
    assert.deepEqual([nobody.sessionId, nobody.profileId, nobody.parts[0]?.states], [null, null, 0])
    const visitor = composed(event, {}, { profileLess: true })
    assert.deepEqual([visitor.sessionId, visitor.profileId, visitor.parts[0]?.states], ['s1', null, 0])
    const document = JSON.parse(visitor.parts[0]?.eventLines.join('').split('\n')[1] ?? '')
    assert.deepEqual([document.session, document.profile], [{ id: 's1' }, undefined])
  })

  it('has the campaign of the call as fields of each event and of the session, as far as Tracardi has such fields', () => {
    const utm = { source: 'news', campaign: 'may', term: '', content: 5, medium: '\ud800', id: 'x' }
    const call = { context: { utm }, events: [{ id: 'e1', type: 't' }] }
    const campaign = { source: 'news', campaign: 'may' }
    assert.deepEqual(JSON.parse(eventLinesOf(call)[1] ?? '').utm, campaign)
    const states = stateLinesOf(call)
    assert.deepEqual([JSON.parse(states[1] ?? '').utm, JSON.parse(states[1] ?? '').context], [campaign, { utm }])
    assert.equal(JSON.parse(states[3] ?? '').utm, undefined)
    for (const none of [null, undefined, {}, 'news', { id: 'x' }, { source: null }]) {
      const lines = eventLinesOf({ context: { utm: none }, events: [{ id: 'e1', type: 't' }] })
      assert.equal(JSON.parse(lines[1] ?? '').utm, undefined)
    }
  })

  it('has what an import says of profile and session: ids with each event and the profile, times with both', () => {
    const call = {
      session: { id: 's1', metadata: { time: { insert: 1_672_531_200, create: '2023-01-01 00:00:00' } } },
      profile: { id: 'p1', ids: [' user-1 ', '', 'crm-7'], metadata: { time: { insert: '2022-12-31' } } },
      events: [{ id: 'e1', type: 't', time: { insert: 1_672_531_200.5 } }],
    }
    const ids = ['user-1', 'crm-7']
    const event = JSON.parse(eventLinesOf(call)[1] ?? '')
    assert.deepEqual([event.profile, event.session], [{ id: 'p1', ids }, { id: 's1' }])
    assert.deepEqual(event.metadata.time, { insert: '2023-01-01T00:00:00.500Z', ingest: NOW })
    const [, session = '', , profile = ''] = stateLinesOf(call)
    assert.deepEqual(JSON.parse(session), {
      metadata: { time: { insert: '2023-01-01T00:00:00.000Z', create: '2023-01-01T00:00:00.000Z', update: NOW } },
      source: { id: 'shop' },
      id: 's1',
      profile: { id: 'p1' },
    })
    assert.deepEqual(JSON.parse(profile), {
      metadata: { time: { insert: '2022-12-31T00:00:00.000Z', update: NOW } },
      source: { id: 'shop' },
      id: 'p1',
      ids,
      session: { id: 's1' },
    })
  })

  it('corrects the times of a call whose clock is wrong, and keeps what it said', () => {
    const call = {
      sentAt: '2026-11-22T11:00:00.000Z',
      session: { id: 's1', metadata: { time: { insert: '2026-11-22T10:50:00.000Z' } } },
      events: [
        { id: 'e1', type: 't', time: { create: '2026-11-22T10:59:59.000Z' } },
        { id: 'e2', type: 't' },
      ],
    }
    const [, first = '', , second = ''] = eventLinesOf(call)
    const sent = '2026-11-22T11:00:00.000Z'
    assert.deepEqual(JSON.parse(first).metadata.time, {
      insert: NOW,
      ingest: NOW,
      create: '2026-11-22T09:59:59.000Z',
      original: { create: '2026-11-22T10:59:59.000Z', sent },
    })
    assert.deepEqual(JSON.parse(second).metadata.time, { insert: NOW, ingest: NOW })
    const [, session = '', , profile = ''] = stateLinesOf(call)
    assert.deepEqual(JSON.parse(session).metadata.time, {
      insert: '2026-11-22T09:50:00.000Z',
      original: { insert: '2026-11-22T10:50:00.000Z', sent },
      update: NOW,
    })
    assert.deepEqual(JSON.parse(profile).metadata.time, { update: NOW })
  })

  it('never chooses an index by the time of sending', () => {
    const [action = ''] = eventLinesOf({ sentAt: '2020-01-01', events: [{ id: 'e1', type: 't' }] })
    assert.equal(JSON.parse(action).create._index, 'tracardi-event-2026-11')
  })

  it('has nothing of an import that says nothing', () => {
    for (const nothing of [null, {}, { time: null }, { time: {} }, { time: { insert: null, create: '' } }]) {
      const call = { session: { id: 's1', metadata: nothing }, profile: { id: 'p1', ids: null, metadata: nothing } }
      const [, session = '', , profile = ''] = stateLinesOf(call)
      assert.deepEqual(JSON.parse(session).metadata, { time: { update: NOW } })
      assert.deepEqual([JSON.parse(profile).metadata, JSON.parse(profile).ids], [{ time: { update: NOW } }, undefined])
    }
  })

  describe('what is not to be stored', () => {
    const events = [{ id: 'e1', type: 't' }]
    const counts = (options: object, event: object = {}) => {
      const { parts } = composed({
        options: options as Record<string, unknown>,
        events: [{ ...events[0], ...event } as never],
      })
      return [parts[0]?.events ?? 0, parts[0]?.states ?? 0]
    }

    for (const [option, expected] of [
      ['saveEvents', [0, 2]],
      ['saveEvent', [0, 2]],
      ['saveSession', [1, 1]],
      ['saveProfile', [1, 1]],
    ] as const) {
      it(`is what ${option}: false of the call names`, () => {
        assert.deepEqual(counts({ [option]: false }), expected)
      })

      for (const value of [true, 'false', 0, null, '', []]) {
        it(`is nothing with ${option}: ${JSON.stringify(value)}, which is no real false`, () => {
          assert.deepEqual(counts({ [option]: value }), [1, 2])
        })
      }
    }

    it('leaves of saveSession: false the profile, and of saveProfile: false the session', () => {
      assert.match(
        stateLinesOf({ options: { saveSession: false }, events: [] })[0] ?? '',
        /"_index":"tracardi-profile"/,
      )
      assert.match(
        stateLinesOf({ options: { saveProfile: false }, events: [] })[0] ?? '',
        /"_index":"tracardi-session"/,
      )
    })

    it('is an event with saveEvent: false, and only that one', () => {
      assert.deepEqual(counts({}, { options: { saveEvent: false } }), [0, 2])
      assert.deepEqual(counts({}, { options: { saveEvent: 'false' } }), [1, 2])
      const lines = eventLinesOf({
        events: [
          { id: 'e1', type: 't', options: { saveEvent: false } },
          { id: 'e2', type: 't' },
        ],
      })
      assert.deepEqual(lines.length, 2)
      assert.match(lines[0] ?? '', /"_id":"e2~/)
    })

    it('is everything together: then there is nothing to publish, and the call counts its events anyway', () => {
      const options = { saveEvents: false, saveSession: false, saveProfile: false }
      const { parts, events: count, bytes } = composed({ options, events })
      assert.deepEqual([parts, count, bytes], [[], 1, 0])
    })
  })

  describe('the index of an event', () => {
    const HOUR_MS = 3_600_000

    it('is of the time inside a UUIDv7 id within the window, either way', () => {
      const window = { eventIdWindowHours: 24 * 40 }
      assert.equal(indexOf(uuidAt(Date.UTC(2026, 9, 31, 23, 59)), window), 'tracardi-event-2026-10')
      assert.equal(indexOf(uuidAt(Date.UTC(2026, 11, 1)), window), 'tracardi-event-2026-12')
    })

    it('counts the window to the millisecond', () => {
      const daily = { eventPartitioning: 'day', eventIdWindowHours: 168 } as const
      assert.equal(indexOf(uuidAt(NOW_MS - 168 * HOUR_MS), daily), 'tracardi-event-2026-11-15')
      assert.equal(indexOf(uuidAt(NOW_MS - 168 * HOUR_MS - 1), daily), 'tracardi-event-2026-11-22')
      assert.equal(indexOf(uuidAt(NOW_MS + 168 * HOUR_MS), daily), 'tracardi-event-2026-11-29')
      assert.equal(indexOf(uuidAt(NOW_MS + 168 * HOUR_MS + 1), daily), 'tracardi-event-2026-11-22')
    })

    it('is of the time of ingestion for every other id', () => {
      for (const id of [undefined, 'my-id', crypto.randomUUID()]) assert.equal(indexOf(id), 'tracardi-event-2026-11')
    })

    it('never uses a time that the client sends', () => {
      const [action = ''] = eventLinesOf({
        events: [{ id: 'e1', type: 't', time: { insert: '1999-01-01', create: '1999-01-01' } }],
      })
      assert.equal(JSON.parse(action).create._index, 'tracardi-event-2026-11')
    })
  })

  it('keeps every value to the byte: long numbers, control characters, lone surrogates, __proto__', () => {
    const text =
      '{"big":9007199254740993,"huge":1e400,"pi":3.14159265358979323846,"nl":"a\\nb\\u0000c\\u001f","lone":"\\ud800","__proto__":{"x":1},"constructor":{"y":2},"ü":"日本"}'
    const properties = parseExactly(text) as Record<string, unknown>
    const [, document = ''] = eventLinesOf({ events: [{ id: 'e1', type: 't', properties }] })
    assert.ok(document.endsWith(`,"properties":${text}}`), document)
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
  })

  it('escapes what would end a line or leave the id of the action', () => {
    const lines = eventLinesOf({ events: [{ id: '"},"x":{"', type: 't', properties: { a: '\n{"delete":{}}\n' } }] })
    assert.equal(lines.length, 2)
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      create: { _index: 'tracardi-event-2026-11', _id: '"},"x":{"~jZAB0yxqcD2' },
    })
  })

  it('gives the same id of two sources two documents, and that of one source always the same', () => {
    const idOf = (sourceId: string) =>
      JSON.parse(eventLinesOf({ source: { id: sourceId }, events: [{ id: 'order-1', type: 't' }] })[0] ?? '').create._id
    assert.deepEqual(['shop', 'shop ', 'back-end'].map(idOf), [
      'order-1~jZAB0yxqcD2',
      'order-1~jZAB0yxqcD2',
      `order-1${sourceSuffix('back-end')}`,
    ])
    assert.notEqual(idOf('shop'), idOf('back-end'))
  })

  it('composes a large call in steps, with the same result', () => {
    const events = Array.from({ length: 100 }, (_, index) => ({
      id: `e${index}`,
      type: 't',
      properties: { a: 'x'.repeat(5000) },
    }))
    const call = { source: { id: 'shop' }, session: { id: 's1' }, profile: { id: 'p1' }, events }
    const steps = composer(loadConfig({})).steps(call, NOW_MS)
    let step = steps.next()
    let count = 1
    for (; !step.done; count += 1) step = steps.next()
    assert.equal(count, 5)
    assert.deepEqual(step.value, compositionOf(call))
  })

  it('cuts a call at the limits of a message, and at the size of a bulk', () => {
    const events = Array.from({ length: 25 }, (_, index) => ({ id: `e${index}`, type: 't' }))
    const counts = (settings: Partial<Config>) => composed({ events }, settings).parts.map((part) => part.events)
    assert.deepEqual(counts({ messageMaxEvents: 10 }), [10, 10, 5])
    assert.deepEqual(counts({ messageMaxEvents: 100, bulkSize: 12 }), [12, 12, 1])
  })

  it('refuses an event that no message can carry', () => {
    const events = [
      { id: 'e1', type: 't' },
      { id: 'e2', type: 't', properties: { a: 'x'.repeat(20_000) } },
    ]
    assert.deepEqual(compositionOf({ events }, { messageMaxBytes: 16_384 }), {
      kind: 'too_large',
      detail: 'event 1 takes 20287 bytes as stored; the maximum is 16384: send less in it',
    })
  })

  it('refuses a call whose request, with each event again, would take many times its body', () => {
    const events = Array.from({ length: 1000 }, (_, index) => ({ id: `e${index}`, type: 't' }))
    const request = { headers: { a: 'x'.repeat(20_000) } }
    assert.deepEqual(compositionOf({ events, request }, { apiMaxBodyBytes: 100_000 }), {
      kind: 'too_large',
      detail: 'the call takes more than 4296000 bytes as stored: send less in its "request", which each event carries',
    })
  })

  it('stops writing once a call has become too large', () => {
    let written = 0
    const properties = {
      toJSON: () => {
        written += 1
        return { a: 'x'.repeat(20_000) }
      },
    }
    const events = Array.from({ length: 1000 }, (_, index) => ({ id: `e${index}`, type: 't', properties }))
    assert.equal(compositionOf({ events }, { apiMaxBodyBytes: 100_000 }).kind, 'too_large')
    assert.equal(written, 212)
  })

  it('lists every fault of meaning', () => {
    const composition = compositionOf({
      events: [
        { id: 'e1', type: 't' },
        { id: 'e1', type: 't', time: { create: 'soon' } },
      ],
    })
    assert.deepEqual(composition.kind === 'faulty' && composition.faults.map((fault) => fault.type), [
      'datetime_parsing',
      'duplicate_id',
    ])
    const unsent = compositionOf({ sentAt: 'soon' })
    assert.deepEqual(unsent.kind === 'faulty' && unsent.faults.map(({ loc, type }) => [loc, type]), [
      [['body', 'sentAt'], 'datetime_parsing'],
    ])
  })
})
