import assert from 'node:assert/strict'
import { LogLimit } from '../../runtime/log-limit.ts'

describe('a limit of lines in the log', () => {
  it('lets the first of each kind through, and then one a minute with the number since', () => {
    let now = 0
    const lines = new LogLimit(() => now)
    assert.deepEqual(
      [lines.count('a'), lines.count('a'), lines.count('b'), lines.count('a')],
      [1, undefined, 1, undefined],
    )
    now = 59_999
    assert.equal(lines.count('a'), undefined)
    now = 60_000
    assert.deepEqual([lines.count('a'), lines.count('a')], [4, undefined])
    now = 600_000
    assert.equal(lines.count('a'), 2)
  })
})
