import assert from 'node:assert/strict'
import { type Api, buildApi, closeApis, goodCall, trackCall } from '../../support/api.ts'
import { readPage } from '../../support/pages.ts'

/** The rows of docs/from-tracardi.md for what is answered with a warning. */
const marked = readPage('docs/from-tracardi.md')
  .split('\n')
  .filter((row) => row.startsWith('| ⚠'))

/** What of a call each warning is about: the place in its first quotes. */
const places = (warnings: readonly string[]) => warnings.map((warning) => /^"([^"]*)"/.exec(warning)?.[1])

describe('the warnings of an answer', () => {
  let api: Api
  before(async () => {
    api = await buildApi()
  })
  after(closeApis)

  const warningsFor = async (more: object) => {
    const answer = await api.server.inject(trackCall(goodCall(more)))
    assert.equal(answer.statusCode, 200)
    return answer.json().warnings as string[]
  }

  it('name a misspelled key in every known place, and the keys that are known there', async () => {
    const warnings = await warningsFor({
      source: { id: 'shop', ids: [] },
      session: { id: 's', start: 1 },
      profile: { id: 'p', ID: 1 },
      evnts: [],
      events: [{ type: 't', propertys: { a: 1 }, time: { inserted: 5 } }],
    })
    assert.deepEqual(places(warnings), [
      'evnts',
      'source.ids',
      'session.start',
      'profile.ID',
      'event.propertys',
      'event.time.inserted',
    ])
    assert.equal(
      warnings[4],
      '"event.propertys" is unknown and was ignored; known here are type, id, time, properties, context, options, tags',
    )
  })

  for (const [place, more] of [
    ['profile.primary_id', { profile: { id: 'p', primary_id: 'q' } }],
    ['options.debugger', { options: { debugger: true } }],
    ['options.profile', { options: { profile: true } }],
    ['options.scheduledFlowId', { options: { scheduledFlowId: 'f' } }],
    ['options.scheduledNodeId', { options: { scheduledNodeId: 'n' } }],
    ['event.options.async', { events: [{ type: 't', options: { async: false } }] }],
    ['event.options.source_id', { events: [{ type: 't', options: { source_id: 's' } }] }],
    ['context.tracardi.pass', { context: { tracardi: { pass: { profile: 'p', source: 'nobody' } } } }],
  ] as const) {
    it(`name ${place}, which Tracardi has and this API does not support`, async () => {
      const warnings = await warningsFor(more)
      assert.deepEqual(places(warnings), [place])
      assert.match(warnings[0] ?? '', / has no effect: /)
      if (place === 'context.tracardi.pass') return
      const key = place.split('.').at(-1) ?? ''
      assert.ok(marked.some((row) => row.includes(key)))
    })
  }

  it('are none for what the clients of Tracardi always send', async () => {
    const call = {
      session: { id: 's', metadata: {} },
      profile: { id: 'p', ids: ['a'], metadata: {} },
      metadata: { time: '2026-11-28' },
      device: { id: 'd' },
      profile_less: false,
      debug: false,
      source: { id: 'shop', name: 'x' },
      context: { tracardi: { pass: {} } },
      options: { debugger: false, profile: false, saveSession: true },
      events: [{ type: 't', metadata: {}, async: true, options: { async: true, fire: true } }],
    }
    assert.deepEqual(await warningsFor(call), [])
  })

  it('are none for any key that has a meaning', async () => {
    const id = 'x'
    const call = {
      source: { id: 'shop' },
      ...{ session: { id, metadata: null }, profile: { id, ids: null, metadata: null } },
      ...{ context: null, properties: null, request: null, options: null },
      events: [
        {
          ...{ type: 't', id, time: { insert: null, create: null, update: null } },
          ...{ properties: null, context: null, options: null, tags: null },
        },
      ],
    }
    assert.deepEqual(await warningsFor(call), [])
  })

  it('are ten at most, each once, and short', async () => {
    const events = Array.from({ length: 500 }, () => ({ type: 't', propertys: {} }))
    assert.deepEqual(places(await warningsFor({ events })), ['event.propertys'])
    const keys = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${'x'.repeat(100)}${index}`, 1]))
    const [first = '', ...others] = await warningsFor(
      Object.fromEntries(Object.entries(keys).map(([key]) => [key.slice(90), 1])),
    )
    assert.deepEqual([others.length, places([first])], [9, ['xxxxxxxxxx0']])
    assert.deepEqual(places(await warningsFor({ ['y'.repeat(60)]: 1 })), [`${'y'.repeat(50)}…`])
  })

  it('take keys of every object as they are', async () => {
    const body = '{"source":{"id":"shop"},"constructor":1,"__proto__":2,"events":[]}'
    const answer = await api.server.inject(trackCall(body))
    assert.deepEqual(places(answer.json().warnings), ['constructor', '__proto__'])
  })
})
