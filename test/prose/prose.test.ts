import assert from 'node:assert/strict'
import { flaggedIn } from './prose.ts'
import { VOCABULARY } from './vocabulary.ts'

const lines = async (text: string, file: string) => (await flaggedIn(text, file)).map(({ line }) => line)

describe('the linter for prose', () => {
  it('flags a word of the vocabulary, with its line and what to write', async () => {
    assert.deepEqual(await flaggedIn('One.\n\nThe server is\naway now.\n', 'a.md'), [
      { file: 'a.md', line: 3, says: 'Incorrect term: “is away”, use “is down” instead' },
    ])
    assert.deepEqual(
      (await flaggedIn('Most bytes of a bulk, in whatever order. All the same.\n', 'a.md')).map(({ says }) => says),
      [
        'Incorrect term: “Most bytes”, use “Maximum bytes” instead',
        'Incorrect term: “in whatever order”, use “in any order” instead',
        'Incorrect term: “All the same”, use “Anyway” instead',
      ],
    )
  })

  it('flags a sentence that is too long, and no code', async () => {
    assert.deepEqual(await lines(`${'word '.repeat(50)}end.\n`, 'a.md'), [1])
    assert.deepEqual(await lines('Run `tell` or\n\n```\nhe told\n```\n', 'a.md'), [])
  })

  it('passes over tables that npm run docs writes', async () => {
    assert.deepEqual(await lines('<!-- table: a -->\n| he told |\n| --- |\n<!-- end -->\n\nHe told.\n', 'a.md'), [6])
  })

  it('reads comments and texts of code, and nothing else of it', async () => {
    const source = [
      '/**',
      ' * Waits until the server',
      ' * tells its state.',
      ' */',
      'const told = 1',
      '// The log told',
      '// of it.',
      "const text = 'the disk is there now'",
      'const more = `the $' + '{told} was told again`',
      "import { tell } from './told/tell.ts'",
    ].join('\n')
    assert.deepEqual(await lines(source, 'a.ts'), [3, 6, 8, 9])
    assert.deepEqual(await lines('told: 1 # it told me\n', 'a.yaml'), [1])
  })

  it('has patterns that match, each with something to write instead', () => {
    for (const [pattern, instead] of VOCABULARY) {
      assert.doesNotThrow(() => new RegExp(pattern), pattern)
      assert.ok(instead.length > 0)
      // The rule looks at the match alone once more, where a look ahead finds nothing.
      assert.doesNotMatch(pattern, /\(\?=/)
    }
  })
})
