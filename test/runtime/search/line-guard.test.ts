import assert from 'node:assert/strict'
import fc from 'fast-check'
import { callText, eventLines, stateLines } from '../../../runtime/search/documents.ts'
import { type LinePosition, lineGuard } from '../../../runtime/search/line-guard.ts'

const guard = lineGuard({ indexPrefix: 'tracardi' })
const CALL = callText({ ingest: '2026-11-22T10:00:00.000Z', source: { id: 'shop' } })

function eventOf(id: string, index = 'tracardi-event-2026-11', text = 'x'): string {
  return eventLines(index, { id, type: 't', name: 't', properties: { text } }, CALL)
}

function stateOf(id: string, index = 'tracardi-session'): string {
  return stateLines(index, { id, metadata: { time: { update: 't' } }, source: { id: 'shop' } }, 1_795_341_600_000)
}

function faultOf(eventText: string, events: number, stateText = '', states = 0): string | undefined {
  return guard({ events, eventLines: Buffer.from(eventText), states, stateLines: Buffer.from(stateText) }).fault
}

describe('lineGuard', () => {
  it('allows whatever the API writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.string({ unit: 'binary' }), (ids, text) => {
        const events = ids.map((id) => eventOf(id, 'tracardi-event-2026-11', text)).join('')
        const states = ids.map((id) => stateOf(id)).join('')
        assert.equal(faultOf(events, ids.length, states, ids.length), undefined)
      }),
      { seed: 20261128 },
    )
  })

  it('allows every partitioning, one after the other', () => {
    const periods = ['2026-11', '2026-11-28', '2026-q4', '2026', '2026-11', '2026']
    const lines = periods.map((period) => eventOf('a', `tracardi-event-${period}`)).join('')
    assert.equal(faultOf(lines, periods.length, stateOf('p', 'tracardi-profile'), 1), undefined)
  })

  it('allows events of the canary, and no other index that begins like theirs', () => {
    assert.equal(faultOf(eventOf('a', 'tracardi-canary') + eventOf('b'), 2), undefined)
    for (const index of ['tracardi-canary-2', 'tracardi-canary-2026-11', 'xtracardi-canary'])
      assert.equal(faultOf(eventOf('a', index), 1), 'line 1 of its event lines is not an action of the API', index)
  })

  it('finds index, id and lines of each operation, whatever is in them', () => {
    const ids = fc.array(fc.string({ unit: 'binary' }), { minLength: 1 })
    fc.assert(
      fc.property(ids, (all) => {
        const indexOf = (number: number) => `tracardi-event-2026-${number % 2 === 0 ? '11' : '12'}`
        const events = all.map((id, number) => eventOf(id, indexOf(number)))
        const states = all.map((id, number) => stateOf(id, number % 2 === 0 ? 'tracardi-session' : 'tracardi-profile'))
        const [eventLines, stateLinesOfAll] = [Buffer.from(events.join('')), Buffer.from(states.join(''))]
        const found = guard({ events: all.length, eventLines, states: all.length, stateLines: stateLinesOfAll })
        if (found.fault !== undefined) assert.fail(found.fault)
        const text = (lines: Buffer, start: number, end: number) => lines.toString('utf8', start, end)
        const idOf = (lines: Buffer, { idStart, idEnd }: LinePosition) => JSON.parse(`"${text(lines, idStart, idEnd)}"`)
        // What UTF-8 cannot hold is replaced in both.
        const written = (id: string) => Buffer.from(id).toString()
        assert.deepEqual(
          found.events.map((one) => [one.index, idOf(eventLines, one), text(eventLines, one.start, one.end)]),
          all.map((id, number) => [
            indexOf(number),
            JSON.parse(JSON.stringify(id)) + CALL.sourceSuffix,
            written(events[number] as string),
          ]),
        )
        assert.deepEqual(
          found.states.map((one) => [one.index, idOf(stateLinesOfAll, one), text(stateLinesOfAll, one.start, one.end)]),
          all.map((id, number) => [
            number % 2 === 0 ? 'tracardi-session' : 'tracardi-profile',
            id,
            written(states[number] as string),
          ]),
        )
      }),
      { seed: 20261128 },
    )
  })

  const document = '{"id":"a"}'
  const action = '{"create":{"_index":"tracardi-event-2026-11","_id":"a"}}'
  for (const [what, lines] of [
    ['another action', `{"delete":{"_index":"tracardi-event-2026-11","_id":"a"}}\n${document}\n`],
    ['an index action on events', `{"index":{"_index":"tracardi-event-2026-11","_id":"a"}}\n${document}\n`],
    ['a foreign index', `{"create":{"_index":"tracardi-other","_id":"a"}}\n${document}\n`],
    [
      'an index whose name begins like ours',
      `{"create":{"_index":"tracardi-event-2026-11-x","_id":"a"}}\n${document}\n`,
    ],
    ['an index of another prefix', `{"create":{"_index":"xtracardi-event-2026-11","_id":"a"}}\n${document}\n`],
    ['an index of states', `{"create":{"_index":"tracardi-session","_id":"a"}}\n${document}\n`],
    [
      'a further key of the action',
      `{"create":{"_index":"tracardi-event-2026-11","_id":"a","pipeline":"p"}}\n${document}\n`,
    ],
    [
      'a second index behind the id',
      `{"create":{"_index":"tracardi-event-2026-11","_id":"a","_index":"x"}}\n${document}\n`,
    ],
    ['an id that ends in an escape', `{"create":{"_index":"tracardi-event-2026-11","_id":"a\\"}}\n${document}\n`],
    ['an id that never ends', '{"create":{"_index":"tracardi-event-2026-11","_id":"a'],
    ['no id', `{"create":{"_index":"tracardi-event-2026-11"}}\n${document}\n`],
    ['spaces in the action', `{ "create":{"_index":"tracardi-event-2026-11","_id":"a"}}\n${document}\n`],
    ['a carriage return', `${action}\r\n${document}\n`],
    ['an action without a document', `${action}\n`],
    ['a document that is cut', `${action}\n${document}`],
    ['a document that is none', `${action}\n[1]\n`],
    ['an action instead of a document', `${action}\n\n`],
    ['an empty line before', `\n${action}\n${document}\n`],
    ['a good pair and a foreign one', `${eventOf('a')}{"delete":{"_index":"x","_id":"1"}}\n${action}\n`],
  ] as const) {
    it(`refuses ${what}`, () => {
      const expected = lines.startsWith(eventOf('a')) ? 2 : 1
      assert.notEqual(faultOf(lines, expected), undefined)
      // The same behind an event, whose index is then known.
      assert.notEqual(faultOf(eventOf('first') + lines, expected + 1), undefined)
    })
  }

  for (const [what, lines] of [
    ['a state of an event index', stateOf('a', 'tracardi-event-2026-11')],
    ['a state without a version', '{"index":{"_index":"tracardi-session","_id":"a"}}\n{}\n'],
    ['another kind of version', stateOf('a').replace('external_gte', 'internal')],
    ['a version that is not a number', stateOf('a').replace(/\d{13}/, '-1')],
    ['an event among the states', eventOf('a')],
    ['a state whose line never ends', '{"index":{"_index":"tracardi-session","_id":"a'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.equal(faultOf('', 0, lines, 1), 'line 1 of its state lines is not an action of the API')
    })
  }

  it('refuses numbers of events and states that are not those of the lines', () => {
    assert.equal(faultOf(eventOf('a'), 999_999), 'it has 1 events but declares 999999')
    assert.equal(faultOf('', 0, stateOf('a'), 0), 'it has 1 states but declares 0')
    assert.equal(faultOf('', 0), undefined)
  })

  it('names the line', () => {
    assert.equal(faultOf(`${eventOf('a')}${action}\nx\n`, 2), 'line 4 of its event lines is not a document')
  })
})
