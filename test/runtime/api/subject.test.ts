import assert from 'node:assert/strict'
import type { TrackPayload } from '../../../runtime/api/schema.ts'
import {
  hashedProfile,
  profileOfSession,
  type SubjectRules,
  subjectOf,
  TRUSTING,
} from '../../../runtime/api/subject.ts'
import { type Api, buildApi, closeApis, eventsOf, fixedSources, goodCall, trackCall } from '../../support/api.ts'

const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function subject(call: Partial<TrackPayload>, rules: Partial<SubjectRules> = {}) {
  return subjectOf({ source: { id: 'shop' }, ...call }, { ...TRUSTING, ...rules })
}

describe('the profile of a session', () => {
  it('never changes for a session id that is no UUID', () => {
    assert.equal(profileOfSession('session-1'), 'caca59da-3319-865f-ad7c-28cd48c8d73a')
  })

  for (const [session, profile] of [
    ['0f8fad5b-d9cb-469f-a165-70867728950e', '0f8fad5b-d9cb-869f-a165-70867728950e'],
    ['01a20578-8170-7064-b550-da9375a6cc50', '01a20578-8170-8064-b550-da9375a6cc50'],
    ['01a20578-8170-8064-b550-da9375a6cc50.0f8fad5bd9cb', '01a20578-8170-8064-b550-da9375a6cc50'],
    ['b441b8a4-0c5d-4f00-a1be-78d48465a2ba.x-_9', 'b441b8a4-0c5d-4f00-a1be-78d48465a2ba'],
  ]) {
    it(`is ${profile} for the session ${session}`, () => {
      assert.equal(profileOfSession(session as string), profile)
    })
  }

  for (const session of [
    '01A20578-8170-7064-B550-DA9375A6CC50',
    '01a20578-8170-7064-b550-da9375a6cc50.',
    '01a20578-8170-7064-b550-da9375a6cc50.a b',
    ' 01a20578-8170-7064-b550-da9375a6cc50',
    'x01a20578-8170-7064-b550-da9375a6cc50.a',
  ]) {
    it(`is a hash for the session ${session}`, () => {
      assert.equal(profileOfSession(session), hashedProfile(session))
    })
  }

  it('is a UUIDv8, another one for each session', () => {
    const sessions = Array.from({ length: 1000 }, (_, index) => (index % 2 ? crypto.randomUUID() : `s${index}`))
    const profiles = sessions.map(profileOfSession)
    for (const profile of profiles) assert.match(profile, UUID_8)
    assert.equal(new Set(profiles).size, 1000)
  })
})

describe('subjectOf', () => {
  it('is whom the call names', () => {
    const call = { session: { id: ' s1 ' }, profile: { id: ' p1 ' } }
    assert.deepEqual(subject(call), { sessionId: 's1', profileId: 'p1' })
  })

  for (const profile of [undefined, null, {}, { id: null }, { id: ' ' }]) {
    it(`is the profile of the session with ${JSON.stringify(profile)} as profile`, () => {
      const call = { session: { id: 's1' }, ...(profile === undefined ? {} : { profile }) }
      assert.deepEqual(subject(call), { sessionId: 's1', profileId: profileOfSession('s1') })
    })
  }

  it('is the profile of the made session in a call that names nobody, so that the session alone finds it again', () => {
    const { sessionId, profileId } = subject({})
    assert.match(sessionId ?? '', UUID_4)
    assert.equal(profileId, profileOfSession(sessionId ?? ''))
    assert.notEqual(subject({}).sessionId, sessionId)
  })

  it('is always the profile of the session where the source trusts no ids', () => {
    for (const id of ['s1', crypto.randomUUID(), `${crypto.randomUUID()}.1`]) {
      const call = { session: { id }, profile: { id: 'forged' } }
      const profileId = hashedProfile(id)
      assert.deepEqual(subject(call, { trustsProfileIds: false }), { sessionId: id, profileId })
    }
  })

  it('is nobody without a session in a call without profile', () => {
    assert.deepEqual(subject({ profile: { id: 'p1' } }, { profileLess: true }), { sessionId: null, profileId: null })
  })

  describe('with a profile that another site passes on', () => {
    const knowsSource = (id: string) => id === 'blog'
    const call = (pass: unknown, more: Partial<TrackPayload> = {}) => ({
      session: { id: 's1' },
      profile: { id: 'p1' },
      context: { tracardi: { pass } },
      ...more,
    })

    it('is that profile, whatever the call names', () => {
      const passed = { profile: ' p2 ', source: ' blog ' }
      assert.equal(subject(call(passed), { knowsSource }).profileId, 'p2')
      assert.equal(subject(call(passed, { profile: null }), { knowsSource }).profileId, 'p2')
    })

    for (const [what, pass, rules] of [
      ['of an unknown source', { profile: 'p2', source: 'nobody' }, {}],
      ['of no source', { profile: 'p2' }, {}],
      ['that is blank', { profile: ' ', source: 'blog' }, {}],
      ['that is not text', { profile: 5, source: 'blog' }, {}],
      ['that is no id', { profile: 'a\u0000b', source: 'blog' }, {}],
      ['that is too long', { profile: 'x'.repeat(513), source: 'blog' }, {}],
      ['that is missing', null, {}],
    ] as const) {
      it(`is not one ${what}`, () => {
        assert.equal(subject(call(pass), { knowsSource, ...rules }).profileId, 'p1')
      })
    }

    it('is not one where the source trusts no ids', () => {
      const passed = call({ profile: 'p2', source: 'blog' })
      assert.equal(subject(passed, { knowsSource, trustsProfileIds: false }).profileId, profileOfSession('s1'))
    })

    it('takes a context of any form', () => {
      for (const context of [null, {}, { tracardi: null }, { tracardi: 'x' }, { tracardi: { pass: 'x' } }]) {
        assert.equal(subject({ profile: { id: 'p1' }, context }, { knowsSource }).profileId, 'p1')
      }
    })
  })
})

describe('POST /track', () => {
  let api: Api
  beforeEach(async () => {
    api = await buildApi({}, fixedSources(['shop', 'wary', 'closed']))
  })
  afterEach(closeApis)

  it('gives twenty simultaneous calls with one session and no profile one profile, which is what it stores', async () => {
    const call = goodCall({ profile: null, events: [{ type: 'page-view' }] })
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.server.inject(trackCall(call))))
    const profiles = new Set(answers.map((answer) => answer.json().profile.id))
    assert.deepEqual([...profiles], [profileOfSession('session-1')])
    const stored = eventsOf(api.producer.messages).map((event) => (event['profile'] as { id: string }).id)
    assert.deepEqual([stored.length, ...new Set(stored)], [20, ...profiles])
  })

  it('answers and stores the profile of the session where the source trusts no ids', async () => {
    const answer = await api.server.inject(trackCall(goodCall({ source: { id: 'wary' } })))
    const profile = { id: profileOfSession('session-1') }
    assert.deepEqual(answer.json().profile, profile)
    assert.deepEqual(eventsOf(api.producer.messages)[0]?.['profile'], profile)
  })

  it('takes the profile that a site with an enabled source passes on, and says when it does not', async () => {
    for (const [source, id, warnings] of [
      ['wary', 'passed', 0],
      ['closed', 'profile-1', 1],
      ['nobody', 'profile-1', 1],
    ] as const) {
      const context = { tracardi: { pass: { profile: 'passed', source } } }
      const answer = (await api.server.inject(trackCall(goodCall({ context })))).json()
      assert.deepEqual([answer.profile, answer.warnings.length], [{ id }, warnings], source)
    }
  })
})
