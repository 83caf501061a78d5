import assert from 'node:assert/strict'
import { listText } from '../../../runtime/commands/dead-letters.ts'
import type { DeadLetterRow } from '../../../runtime/console/letter.ts'

const ROW: DeadLetterRow = {
  ...{ id: 'i0', failedAt: '2026-11-22T10:00:00.000Z', reason: 'no\u001b[31m', status: 400, fault: 'mapping' },
  ...{ source: 'shop', type: 'buy', session: 's1', operation: '', bytes: 9, payload: '{"a":1}\n{}\n', isCut: true },
}

describe('dead-letters list', () => {
  it('shows them, with counts by cause, the most frequent first', () => {
    const causes = new Map([
      ['["depth","blog","view"]', 1],
      ['["mapping","shop","buy"]', 12],
    ])
    assert.equal(
      listText([ROW], causes, 13, true),
      [
        'id  failed at                 status  fault    source  type  session  reason',
        'i0  2026-11-22T10:00:00.000Z  400     mapping  shop    buy   s1       no\ufffd[31m',
        '',
        'i0:',
        '  {"a":1}',
        '  {}',
        '  … (cut; export has all of it)',
        '',
        'fault    source  type  dead letters',
        'mapping  shop    buy             12',
        'depth    blog    view             1',
        '',
        'Waiting: 13 dead letters; shown: 1.',
      ].join('\n'),
    )
  })

  it('says that there are none', () => {
    assert.equal(listText([], new Map(), 0, false), 'Waiting: 0 dead letters; shown: 0.')
  })
})
