import assert from 'node:assert/strict'
import { WaitingStates } from '../../../runtime/worker/waiting-states.ts'
import { sessionOf, takenOf } from '../../support/messages.ts'

const NEVER = { events: 1_000_000, bytes: 1_000_000_000 }

describe('states that wait', () => {
  it('keep the latest of each document, whatever the order of arrival', () => {
    for (const turned of [false, true]) {
      const messages = [
        takenOf('m1', [], [sessionOf('s1', 5), sessionOf('s2', 1)]),
        takenOf('m2', [], [sessionOf('s1', 9)]),
      ]
      const states = new WaitingStates()
      for (const taken of turned ? messages.toReversed() : messages) states.add(taken)
      const lines = states.take().map((operation) => operation.lines.toString())
      assert.deepEqual(lines.sort(), [sessionOf('s1', 9), sessionOf('s2', 1)].sort())
    }
  })

  it('let every message wait for the state that replaced its own', () => {
    const [early, late] = [takenOf('m1', [], [sessionOf('s1', 5)]), takenOf('m2', [], [sessionOf('s1', 9)])]
    const states = new WaitingStates()
    for (const taken of [early, late]) states.add(taken)
    const [operation] = states.take()
    assert.deepEqual(operation?.owners, [early.claim, late.claim])
    assert.equal(operation?.kind, 'index')
    // The events of each, and its state.
    assert.deepEqual([early.claim.open, late.claim.open], [2, 2])
  })

  it('are of the one that arrived last among those of the same moment', () => {
    const states = new WaitingStates()
    states.add(takenOf('m1', [], [sessionOf('s1', 5)]))
    states.add(takenOf('m2', [], [sessionOf('s1', 5).replace('my-source', 'other')]))
    assert.match(states.take()[0]?.lines.toString() ?? '', /other/)
  })

  it('are complete when as many documents as a bulk may have are waiting, of which each counts once', () => {
    const states = new WaitingStates()
    const limits = { ...NEVER, events: 2 }
    for (const version of [1, 2, 3]) states.add(takenOf('m', [], [sessionOf('s1', version)]))
    assert.equal(states.reached(limits), false)
    states.add(takenOf('m', [], [sessionOf('s2', 1)]))
    assert.equal(states.reached(limits), true)
  })

  it('are complete when they have the bytes of a bulk, of which those of an older state are none', () => {
    const states = new WaitingStates()
    const longer = sessionOf('s1', 2).replace('my-source', 'my-longer-source')
    for (const state of [sessionOf('s1', 1), longer, sessionOf('s2', 1)]) states.add(takenOf('m', ['a'], [state]))
    const bytes = longer.length + sessionOf('s2', 1).length
    assert.equal(states.reached({ ...NEVER, bytes: bytes + 1 }), false)
    assert.equal(states.reached({ ...NEVER, bytes }), true)
  })

  it('keep nothing else of their message', () => {
    const states = new WaitingStates()
    const taken = takenOf('m', ['a'], [sessionOf('s1', 1)])
    states.add(taken)
    taken.envelope.stateLines.fill('x')
    assert.equal(states.take()[0]?.lines.toString(), sessionOf('s1', 1))
  })

  it('wait no longer, and count no longer, once they are taken', () => {
    const states = new WaitingStates()
    states.add(takenOf('m', ['a'], [sessionOf('s1', 1)]))
    assert.equal(states.isEmpty, false)
    assert.equal(states.take().length, 1)
    assert.deepEqual([states.isEmpty, states.take().length, states.reached({ events: 1, bytes: 1 })], [true, 0, false])
  })

  it('are none of a message without any', () => {
    const states = new WaitingStates()
    const taken = takenOf('m', ['a'])
    states.add(taken)
    assert.deepEqual([states.isEmpty, taken.claim.open, states.reached({ ...NEVER, bytes: 1 })], [true, 1, false])
  })
})
