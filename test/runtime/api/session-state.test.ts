import assert from 'node:assert/strict'
import fc from 'fast-check'
import { composer } from '../../../runtime/api/compose.ts'
import type { TrackPayload } from '../../../runtime/api/schema.ts'
import { loadConfig } from '../../../runtime/config.ts'

const { compose } = composer(loadConfig({}))
const NOW_MS = Date.UTC(2026, 10, 22, 10)

type Call = Pick<TrackPayload, 'context' | 'properties'>

interface State {
  readonly version: number
  readonly document: string
}

/** What a call at a moment writes for its session. */
function stateAt(call: Call, timeMs: number): State {
  const payload = { source: { id: 'shop' }, session: { id: 's1' }, profile: { id: 'p1' }, ...call }
  const composition = compose(payload, timeMs)
  assert.equal(composition.kind, 'composed')
  const lines = composition.composed.parts.flatMap((part) => part.stateLines.join('').split('\n'))
  const at = lines.findIndex((line) => line.includes('"_index":"tracardi-session"'))
  return { version: JSON.parse(lines[at] ?? '').index.version, document: lines[at + 1] ?? '' }
}

/** What is stored in the end, by the rule of `external_gte`. A contract test compares the rule with Elasticsearch. */
function stored(states: readonly State[]): State | undefined {
  return states.reduce<State | undefined>(
    (kept, state) => (kept === undefined || state.version >= kept.version ? state : kept),
    undefined,
  )
}

const LANDING: Call = { context: { utm: { source: 'news', campaign: 'black-friday' }, browser: 'b' } }
const PAGE: Call = { context: { page: 'second', utm: {} } }
const WIDGET: Call = { context: {}, properties: {} }
const BARE: Call = {}

describe('the state of a session', () => {
  for (const [what, calls, kept] of [
    ['the campaign of the landing page', [LANDING, PAGE, WIDGET], 0],
    ['the first page without a campaign', [PAGE, { context: { page: 'third' } }, WIDGET], 0],
    ['the first page after a call without context', [WIDGET, PAGE, BARE], 1],
    ['the campaign after pages without one', [BARE, PAGE, LANDING], 2],
    ['the first campaign of two', [LANDING, { context: { utm: { source: 'other' } } }], 0],
    ['the first properties', [BARE, { properties: { plan: 'a' } }, { properties: { plan: 'b' } }], 1],
    ['the first of calls that say nothing', [BARE, WIDGET], 0],
    [
      'the first page where a campaign is not an object',
      [PAGE, { context: { utm: 'news' } }, { context: { utm: null } }],
      0,
    ],
  ] as const) {
    it(`keeps ${what}`, () => {
      const states = calls.map((call, index) => stateAt(call, NOW_MS + index))
      assert.equal(stored(states), states[kept])
    })
  }

  it('replaces what an earlier release has stored, whose version was the time, and has no more digits than a worker accepts', () => {
    for (const call of [BARE, PAGE, LANDING]) {
      for (const timeMs of [0, NOW_MS, Date.UTC(2100, 0)]) {
        const { version } = stateAt(call, timeMs)
        assert.ok(version > Date.UTC(2300, 0), String(version))
        assert.match(String(version), /^\d{1,15}$/)
      }
    }
  })

  it('is the same in every order and with every repetition', () => {
    const call = fc.constantFrom(LANDING, PAGE, WIDGET, BARE, { properties: { plan: 'a' } })
    const visit = fc
      .uniqueArray(fc.record({ call, atMs: fc.nat(1_800_000) }), {
        minLength: 1,
        maxLength: 8,
        selector: ({ atMs }) => atMs,
      })
      .map((calls) => calls.map(({ call, atMs }) => stateAt(call, NOW_MS + atMs)))
    const delivered = visit.chain((states) =>
      fc.record({
        states: fc.constant(states),
        order: fc.shuffledSubarray(states, { minLength: states.length }),
        repeated: fc.array(fc.constantFrom(...states), { maxLength: 8 }),
        between: fc.nat(states.length),
      }),
    )
    fc.assert(
      fc.property(delivered, ({ states, order, repeated, between }) => {
        const arrived = [...order.slice(0, between), ...repeated, ...order.slice(between)]
        assert.equal(stored(arrived), stored(states))
      }),
      { numRuns: 2000 },
    )
  })
})
