import assert from 'node:assert/strict'
import { InvalidArgumentError } from 'commander'
import { json, table } from '../../../runtime/commands/output.ts'

describe('a table', () => {
  it('aligns its columns, numbers to the right', () => {
    assert.equal(
      table(
        ['name', 'count'],
        [
          ['a', 1],
          ['longer', 1234],
        ],
      ),
      'name    count\na           1\nlonger  1,234',
    )
  })

  it('has nothing in its cells that a terminal would obey', () => {
    assert.equal(
      table(['reason'], [['\u001b[2J\u009b31m\r\nfake line\u202e\u2066 é']]),
      'reason\n\ufffd[2J\ufffd31m\ufffd\ufffdfake line\ufffd\ufffd é',
    )
  })
})

describe('an option with JSON', () => {
  it('is what the text says', () => {
    assert.deepEqual(json('[{"a":1}]'), [{ a: 1 }])
  })

  it('is refused where the text is none', () => {
    assert.throws(() => json('nonsense'), InvalidArgumentError)
  })
})
