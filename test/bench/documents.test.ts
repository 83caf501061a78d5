import assert from 'node:assert/strict'
import { bulkBodies, calls, type MixName, partsOf } from '../../bench/documents.ts'
import { loadConfig } from '../../runtime/config.ts'

const config = loadConfig({})

function made(mix: MixName, events = 100) {
  return [...calls({ mix, events, eventsPerCall: 50, sources: ['one', 'two'] })]
}

/** Mean bytes of a document as it is stored. */
function storedBytes(mix: MixName): number {
  const lines = linesOf(mix).filter((_, index) => index % 2 === 1)
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / lines.length
}

function linesOf(mix: MixName): string[] {
  const parts = made(mix).flatMap((call) => partsOf(config)(call, Date.now()))
  return parts.flatMap((part) => part.eventLines.join('').trimEnd().split('\n'))
}

describe('the documents of the bench', () => {
  it('are about 650 bytes as they are stored in the realistic mix, and about 2500 in the large one', () => {
    assert.ok(Math.abs(storedBytes('realistic') - 650) < 65, `${storedBytes('realistic')}`)
    assert.ok(Math.abs(storedBytes('large') - 2500) < 125, `${storedBytes('large')}`)
  })

  it('are of words at random in the varied mix, about 900 bytes each', () => {
    assert.ok(Math.abs(storedBytes('varied') - 900) < 45, `${storedBytes('varied')}`)
    const titles = made('varied')
      .flatMap((call) => call.events)
      .map((event) => (event['properties'] as { title: string }).title)
    assert.equal(new Set(titles.flatMap((title) => title.split(' '))).size > 550, true)
    assert.equal(new Set(titles).size, 100)
  })

  it('are 120 bytes as a client sends them in the small mix', () => {
    for (const event of made('small').flatMap((call) => call.events)) {
      assert.equal(Buffer.byteLength(JSON.stringify(event)), 120)
    }
  })

  it('are in calls that go round among the sources', () => {
    assert.deepEqual(
      made('realistic', 130).map((call) => [call.source.id, call.events.length]),
      [
        ['one', 50],
        ['two', 50],
        ['one', 30],
      ],
    )
  })

  it('have ids that are all different', () => {
    const ids = made('realistic').flatMap((call) => call.events.map(({ id }) => id))
    assert.equal(new Set(ids).size, 100)
  })

  it('are gathered into bulks of that many events, with the states or without', () => {
    const parts = made('realistic', 250).flatMap((call) => partsOf(config)(call, Date.now()))
    const lines = (body: Buffer) => body.toString('utf8').trimEnd().split('\n').length
    assert.deepEqual(bulkBodies(parts, 100, false).map(lines), [200, 200, 100])
    // Two states a call, of two lines each.
    assert.deepEqual(bulkBodies(parts, 100, true).map(lines), [208, 208, 104])
  })

  it('refuse a call with faults, which would be a mistake of the bench', () => {
    const [call] = made('realistic')
    const faulty = { ...call!, events: [{ id: 'x', type: 'x', time: { create: 'never' } }] }
    assert.throws(() => partsOf(config)(faulty, Date.now()), /^Error: a call of the bench has faults: /)
  })
})
