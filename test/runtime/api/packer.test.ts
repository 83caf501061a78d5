import assert from 'node:assert/strict'
import { Packer } from '../../../runtime/api/packer.ts'

const NOW_MS = 1_795_341_600_000

function shapes(packer: Packer): string[] {
  return packer
    .parts()
    .map((part) => `${part.events}:${part.eventLines.join('')} ${part.states}:${part.stateLines.join('')}`)
}

describe('Packer', () => {
  it('packs events and states into one part where they fit', () => {
    const packer = new Packer({ bytes: 100, events: 10, totalBytes: 1000 }, NOW_MS)
    packer.addEvent('a\n', 'event 0')
    packer.addEvent('b\n', 'event 1')
    packer.addState('s\n', 'the session')
    const [part, ...more] = packer.parts()
    assert.deepEqual(more, [])
    assert.deepEqual(part, {
      events: 2,
      eventLines: ['a\n', 'b\n'],
      states: 1,
      stateLines: ['s\n'],
      bytes: 6,
      receivedAtMs: NOW_MS,
    })
    assert.equal(packer.bytes, 6)
  })

  it('cuts at the limit of events', () => {
    const packer = new Packer({ bytes: 100, events: 2, totalBytes: 1000 }, NOW_MS)
    for (const line of ['a\n', 'b\n', 'c\n']) packer.addEvent(line, 'event')
    assert.deepEqual(shapes(packer), ['2:a\nb\n 0:', '1:c\n 0:'])
  })

  it('cuts at the limit of bytes, which a part may reach and not exceed', () => {
    const packer = new Packer({ bytes: 6, events: 10, totalBytes: 1000 }, NOW_MS)
    for (const line of ['ab\n', 'cd\n', 'ef\n']) packer.addEvent(line, 'event')
    packer.addState('gh\n', 'the session')
    packer.addState('i\n', 'the profile')
    assert.deepEqual(shapes(packer), ['2:ab\ncd\n 0:', '1:ef\n 1:gh\n', '0: 1:i\n'])
  })

  it('counts bytes, not characters', () => {
    const packer = new Packer({ bytes: 4, events: 10, totalBytes: 1000 }, NOW_MS)
    packer.addEvent('ü\n', 'event 0')
    packer.addEvent('ü\n', 'event 1')
    assert.equal(packer.parts().length, 2)
  })

  it('has no parts without lines', () => {
    assert.deepEqual(new Packer({ bytes: 1, events: 1, totalBytes: 1 }, NOW_MS).parts(), [])
  })

  it('reports the first document that no message can carry', () => {
    const packer = new Packer({ bytes: 4, events: 10, totalBytes: 1000 }, NOW_MS)
    packer.addEvent('abc\n', 'event 0')
    assert.equal(packer.tooLarge, undefined)
    packer.addEvent('abcd\n', 'event 1')
    packer.addEvent('abcdef\n', 'event 2')
    assert.equal(packer.tooLarge, 'event 1 takes 5 bytes as stored; the maximum is 4: send less in it')
  })

  it('reports when all documents together are more than a call may make', () => {
    const packer = new Packer({ bytes: 10, events: 10, totalBytes: 4 }, NOW_MS)
    packer.addEvent('abc\n', 'event 0')
    assert.equal(packer.tooLarge, undefined)
    packer.addState('\n', 'the session')
    assert.equal(
      packer.tooLarge,
      'the call takes more than 4 bytes as stored: send less in its "request", which each event carries',
    )
  })
})
