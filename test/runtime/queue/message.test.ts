import assert from 'node:assert/strict'
import { AppError } from '../../../runtime/errors.ts'
import { type Content, decode, encode, isOfNewerVersion } from '../../../runtime/queue/message.ts'

const events = Buffer.from('{"create":{}}\n{"a":1}\n')
const states = Buffer.from('{"index":{}}\n{"b":1}\n')

describe('a message', () => {
  it('is read back as it was written', () => {
    const envelope = { events: 1, eventLines: events, states: 1, stateLines: states, receivedAtMs: 1_795_341_600_000 }
    const message = encode(envelope)
    assert.deepEqual(message.properties, { v: '1', n: '1', s: '1', b: '22', t: '1795341600000' })
    assert.deepEqual(decode(message), envelope)
  })

  it('is the same of one text, of several and of bytes', () => {
    const of = (eventLines: Content['eventLines']) =>
      encode({ events: 2, eventLines, states: 1, stateLines: ['s\n', 'é\n'], receivedAtMs: 1 })
    const expected = of('a😀\nb\n')
    assert.equal(expected.payload.toString(), 'a😀\nb\ns\né\n')
    assert.deepEqual(of(['a😀\n', 'b\n']), expected)
    assert.deepEqual(of(Buffer.from('a😀\nb\n')), expected)
  })

  it('is made of several contents: events first, then states, since the earliest', () => {
    const [one, two] = [
      { events: 1, eventLines: 'ü\n', states: 1, stateLines: 's\n', receivedAtMs: 7 },
      { events: 2, eventLines: Buffer.from('b\nc\n'), states: 0, stateLines: '', receivedAtMs: 6 },
    ]
    const message = encode(one, two)
    assert.equal(message.payload.toString(), 'ü\nb\nc\ns\n')
    assert.deepEqual(message.properties, { v: '1', n: '3', s: '1', b: '7', t: '6' })
  })

  it('may carry states alone, or nothing', () => {
    const none = Buffer.alloc(0)
    assert.equal(
      decode(encode({ events: 0, eventLines: none, states: 1, stateLines: states, receivedAtMs: 1 })).states,
      1,
    )
    assert.equal(
      decode(encode({ events: 0, eventLines: none, states: 0, stateLines: none, receivedAtMs: 1 })).events,
      0,
    )
  })

  it('may be of a newer version, and is malformed without one that is known', () => {
    assert.deepEqual([{ v: '1' }, { v: '2' }, {}, { v: 'x' }, { v: '0' }, { v: '1.5' }].map(isOfNewerVersion), [
      false,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  const good = { v: '1', n: '1', s: '0', b: '22', t: '1' }
  for (const [what, properties, payload] of [
    ['it has no version', { n: '1', s: '0', b: '22', t: '1' }, events],
    ['its version is none', { ...good, v: 'x' }, events],
    ['a property is missing', { v: '1', n: '1', s: '0', t: '1' }, events],
    ['a property is not a number', { ...good, n: 'many' }, events],
    ['a property is negative', { ...good, s: '-1' }, events],
    ['there are fewer bytes than stated', { ...good, b: '23' }, events],
    ['the last line is cut', good, Buffer.from('{"create":{}}\n{"a":1}}')],
  ] as const) {
    it(`is malformed when ${what}`, () => {
      assert.throws(
        () => decode({ payload, properties }),
        (error) => error instanceof AppError && error.code === 'message_malformed',
      )
    })
  }
})
