import assert from 'node:assert/strict'
import { eventOperations, stateOperations } from '../../../runtime/worker/operations.ts'
import { eventOf, sessionOf, takenOf } from '../../support/messages.ts'

describe('eventOperations', () => {
  it('cuts messages into one operation for each event, in their order', () => {
    const [first, second] = [takenOf('m1', ['a', 'b']), takenOf('m2', ['c'])]
    const operations = eventOperations([first, second])
    assert.deepEqual(
      operations.map(({ lines }) => lines.toString()),
      [eventOf('a'), eventOf('b'), eventOf('c')],
    )
    assert.deepEqual(
      operations.map(({ owners }) => owners),
      [[first], [first], [second]],
    )
    assert.ok(operations.every(({ kind }) => kind === 'create'))
  })

  it('makes of a document that is missing or cut an operation too, for Elasticsearch to refuse', () => {
    const taken = takenOf('m1', [])
    const withLines = (text: string) =>
      eventOperations([{ ...taken, envelope: { ...taken.envelope, eventLines: Buffer.from(text) } }])
    assert.deepEqual(
      withLines('{"create":{}}\n').map(({ lines }) => lines.toString()),
      ['{"create":{}}\n'],
    )
    assert.deepEqual(
      withLines('{"create":{}}').map(({ lines }) => lines.toString()),
      ['{"create":{}}'],
    )
  })
})

describe('stateOperations', () => {
  it('keeps the latest state of each document, whatever the order of arrival', () => {
    const early = takenOf('m1', [], [sessionOf('s1', 5), sessionOf('s2', 1)])
    const late = takenOf('m2', [], [sessionOf('s1', 9)])
    for (const batch of [
      [early, late],
      [late, early],
    ]) {
      const operations = stateOperations(batch)
      const lines = operations.map((operation) => operation.lines.toString()).sort()
      assert.deepEqual(lines, [sessionOf('s1', 9), sessionOf('s2', 1)].sort())
    }
  })

  it('lets every message wait for the state that replaced its own', () => {
    const [early, late] = [takenOf('m1', [], [sessionOf('s1', 5)]), takenOf('m2', [], [sessionOf('s1', 9)])]
    const [operation] = stateOperations([early, late])
    assert.deepEqual(operation?.owners, [early, late])
    assert.equal(operation?.kind, 'index')
  })

  it('takes the one that arrived last among states of the same moment', () => {
    const first = takenOf('m1', [], [sessionOf('s1', 5)])
    const second = takenOf('m2', [], [sessionOf('s1', 5).replace('my-source', 'other')])
    assert.match(stateOperations([first, second])[0]?.lines.toString() ?? '', /other/)
  })
})
