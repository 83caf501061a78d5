import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseCanonicalCall, readCanonicalCall } from '../../../runtime/api/canonical-call.ts'
import { composer } from '../../../runtime/api/compose.ts'
import type { TrackPayload } from '../../../runtime/api/schema.ts'
import { structureFault } from '../../../runtime/api/structure.ts'
import { callValidator } from '../../../runtime/api/validate.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { parseExactly } from '../../../runtime/exact-json.ts'
import { scanJson } from '../../../runtime/json-scan.ts'
import { Verbatim } from '../../../runtime/search/documents.ts'
import { type CallEvent, generateLoad } from '../../../runtime/send/generate.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const MOST = { values: 1e9, depth: 64 }
const { compose } = composer(loadConfig({}))
const faultsOf = callValidator(1000)

/** What the API makes of a parsed body: its faults, or the lines that it would store. Ids that are made differ each time. */
function outcomeOf(call: unknown, body: string): string {
  const faults = faultsOf(call)
  const outcome = JSON.stringify(faults.length > 0 ? faults : compose(call as TrackPayload, NOW_MS))
  return outcome.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => (body.includes(id) ? id : 'made'))
}

const word = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abz09 ,:{}[]"\\/\n\t.-', 'é', '€', '😀', '\u2028', '\u007f') }),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'id', 'source', 'events', 'properties', 'context', '__proto__') },
  { weight: 1, arbitrary: word },
)
const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(0, -0, 0.05, 12.5, 1e21, 1e-7))
const { any } = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(word, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(name, tie('any'), { maxKeys: 5 }),
  ),
}))
const data = fc.oneof({ weight: 8, arbitrary: fc.dictionary(name, any, { maxKeys: 5 }) }, { weight: 1, arbitrary: any })
const event = fc.record(
  {
    id: fc.uuid(),
    type: fc.constantFrom('page-view', ' Zażółć  Gęślą '),
    properties: data,
    context: data,
    options: any,
    x: any,
  },
  { requiredKeys: ['id', 'type'] },
)
const call = fc.record(
  {
    source: fc.record({ id: fc.oneof(fc.constant('shop'), word) }),
    session: fc.constant({ id: 's1' }),
    profile: fc.constant({ id: 'p1' }),
    context: any,
    events: fc.oneof(
      { weight: 9, arbitrary: fc.array(event, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(any, { maxLength: 4 }) },
    ),
  },
  { requiredKeys: ['source', 'session', 'profile'] },
)
const text = fc.oneof(
  { weight: 4, arbitrary: call.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: call.map((value) => JSON.stringify(value, null, 1)) },
  // One character is another one, or gone.
  {
    weight: 4,
    arbitrary: fc.tuple(call, fc.nat(), fc.constantFrom(...'0123"\\{}[],:e.-tn ', '', '\n')).map(([value, at, by]) => {
      const whole = JSON.stringify(value)
      const index = at % whole.length
      return whole.slice(0, index) + by + whole.slice(index + 1)
    }),
  },
)

function read(body: string, maxValues = MOST.values) {
  return readCanonicalCall(Buffer.from(body), maxValues)
}

describe('a canonical call', () => {
  it('is one that JSON.stringify writes again byte for byte, and is understood and stored like any other', () => {
    let canonical = 0
    fc.assert(
      fc.property(text, (body) => {
        fc.pre(body.isWellFormed())
        const bytes = Buffer.from(body)
        const read = readCanonicalCall(bytes, MOST.values)
        if (read === undefined) return
        canonical += 1
        assert.equal(JSON.stringify(JSON.parse(body)), body)
        const { values, sourceId, inexact } = scanJson(body, MOST)
        assert.deepEqual([read.values, read.sourceId, 0], [values, sourceId, inexact.length])
        assert.equal(outcomeOf(parseCanonicalCall(bytes, body, read), body), outcomeOf(parseExactly(body), body))
        for (let index = 0; index < read.data.length; index += 2) {
          const text = bytes.toString('utf8', read.data[index], read.data[index + 1])
          assert.equal(structureFault(JSON.parse(text)), undefined)
        }
      }),
      { seed: 20261128, numRuns: 5000 },
    )
    assert.ok(canonical > 1000, `${canonical} of 5000 were canonical`)
  })

  it('is every call of a client in JavaScript, with the data of each event as its own text', () => {
    const [sent] = generateLoad({ source: 'shop', events: 3, eventsPerCall: 3, profiles: 1 })
    const events: readonly CallEvent[] = (sent?.events ?? []).map((event) => ({
      ...event,
      context: { ...(event['context'] as object), é: '😀"\n' },
    }))
    for (const given of [sent?.events ?? [], events]) {
      const body = JSON.stringify({ ...sent, events: given })
      const call = read(body)
      assert.equal(call?.sourceId, 'shop')
      const parsed = parseCanonicalCall(Buffer.from(body), body, call) as { events: Record<string, unknown>[] }
      assert.deepEqual(
        parsed.events.map((event) => [event['properties'], event['context']]),
        given.map((event) => [
          new Verbatim(JSON.stringify(event['properties'])),
          new Verbatim(JSON.stringify(event['context'])),
        ]),
      )
    }
  })

  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const keys = (count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 1])))
  const withData = (properties: string) => `{"source":{"id":"shop"},"events":[{"type":"a","properties":${properties}}]}`

  for (const properties of [
    '{}',
    'null',
    '{"a":-1.5,"b":0,"c":0.05,"d":123456789012345,"e":1234.599999904633,"f":1e+21}',
    '{"a":"\\"\\\\\\b\\f\\n\\r\\t","__proto__":{"a":[true,false,null,[],{}]}}',
    nested(20),
    keys(64),
    `{"${'a'.repeat(4000)}":{"b":1}}`,
  ]) {
    it(`may have the data ${properties.slice(0, 50)}`, () => assert.notEqual(read(withData(properties)), undefined))
  }

  for (const properties of [
    '{ "a":1}',
    '{"a":1,"a":2}',
    '{"a":1.0}',
    '{"a":1e5}',
    '{"a":-0}',
    '{"a":01}',
    '{"a":12345678901234567890}',
    '{"a":"\\/"}',
    '{"a":"\\u00e9"}',
    '{"\\n":1}',
    '{"1":1}',
    '{"a":1,}',
    '{"a":"\n"}',
    '17',
    '[]',
    nested(21),
    keys(65),
    `{"${'a'.repeat(4000)}":{"${'b'.repeat(100)}":1}}`,
  ]) {
    it(`has not the data ${properties.slice(0, 50)}`, () => assert.equal(read(withData(properties)), undefined))
  }

  it('ends with its last byte, begins with an object, and has a list of events', () => {
    const body = withData('{"a":1}')
    assert.notEqual(read(body), undefined)
    for (const other of [
      `${body} `,
      `${body}}`,
      body.slice(0, -1),
      `[${body}]`,
      '',
      '{"events":{"a":{"properties":{"a":1}}}}',
    ])
      assert.equal(read(other), undefined, other)
  })

  it('has no more values than are allowed', () => {
    const body = withData('{"a":1}')
    const { values } = scanJson(body, MOST)
    assert.deepEqual([read(body, values)?.values, read(body, values - 1)], [values, undefined])
  })
})
