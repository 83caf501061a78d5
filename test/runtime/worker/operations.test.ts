import assert from 'node:assert/strict'
import { eventOperations } from '../../../runtime/worker/operations.ts'
import { eventOf, takenOf } from '../../support/messages.ts'

describe('eventOperations', () => {
  it('cuts a message into one operation for each event, in their order', () => {
    const taken = takenOf('m1', ['a', 'b'])
    const operations = eventOperations(taken)
    assert.deepEqual(
      operations.map(({ lines }) => lines.toString()),
      [eventOf('a'), eventOf('b')],
    )
    assert.deepEqual(
      operations.map(({ owners }) => owners),
      [[taken.claim], [taken.claim]],
    )
    assert.ok(operations.every(({ kind }) => kind === 'create'))
  })

  it('makes of a document that is missing or cut an operation too, for Elasticsearch to refuse', () => {
    const taken = takenOf('m1', [])
    const withLines = (text: string) =>
      eventOperations({ ...taken, envelope: { ...taken.envelope, eventLines: Buffer.from(text) } })
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
