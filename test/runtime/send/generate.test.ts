import assert from 'node:assert/strict'
import { Check } from 'typebox/value'
import { composer } from '../../../runtime/api/compose.ts'
import { trackSchema } from '../../../runtime/api/schema.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { generateLoad } from '../../../runtime/send/generate.ts'

describe('generateLoad', () => {
  it('makes exactly that many events, in calls of so many, the last one smaller', () => {
    const calls = [...generateLoad({ source: 'shop', events: 25, eventsPerCall: 10, profiles: 2 })]
    assert.deepEqual(
      calls.map((call) => call.events.length),
      [10, 10, 5],
    )
    const numbers = calls.flatMap((call) =>
      call.events.map((event) => (event['properties'] as { number: number }).number),
    )
    assert.deepEqual(
      numbers,
      Array.from({ length: 25 }, (_, index) => index),
    )
  })

  it('goes round the visitors', () => {
    const calls = [...generateLoad({ source: 'shop', events: 3, eventsPerCall: 1, profiles: 2 })]
    assert.deepEqual(
      calls.map(({ source, session, profile }) => [source.id, session?.id, profile?.id]),
      [
        ['shop', 'session-0', 'profile-0'],
        ['shop', 'session-1', 'profile-1'],
        ['shop', 'session-0', 'profile-0'],
      ],
    )
  })

  it('gives each event a UUIDv7 of its own', () => {
    const [call] = [...generateLoad({ source: 'shop', events: 100, eventsPerCall: 100, profiles: 1 })]
    const ids = new Set(call?.events.map((event) => event.id))
    assert.equal(ids.size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })

  it('makes calls that the API takes, of about 650 bytes an event as it is stored', () => {
    const [call] = [...generateLoad({ source: 'shop', events: 100, eventsPerCall: 100, profiles: 1 })]
    assert.equal(Check(trackSchema(100), call), true)
    const composition = composer(loadConfig({})).compose(call as never, Date.now())
    assert.equal(composition.kind, 'composed')
    const [part] = composition.kind === 'composed' ? composition.composed.parts : []
    const documentBytes = (part?.eventLines.toString().split('\n') ?? [])
      .filter((_, index) => index % 2 === 1)
      .join('\n').length
    assert.ok(Math.abs(documentBytes / 100 - 650) < 65, `${documentBytes / 100} bytes`)
  })

  it('makes nothing of nothing', () => {
    assert.deepEqual([...generateLoad({ source: 'shop', events: 0, eventsPerCall: 10, profiles: 1 })], [])
  })
})
