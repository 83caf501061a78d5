import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { withDefaults } from '../../../runtime/tracker/settings.ts'

const url = new URL('../../../docs/tracker.md', import.meta.url)
const page = readFileSync(url, 'utf8')

describe('docs/tracker.md', () => {
  it('names every option with its default', () => {
    const { api: _, source: __, ...defaults } = withDefaults({ api: '', source: '' })
    const rows = [...page.matchAll(/^\| `(\w+)` \| ([\w.]+) \|/gm)].map(([, name, value]) => [name, value])
    assert.deepEqual(
      Object.fromEntries(rows),
      Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, String(v)])),
    )
  })

  it('links only to files that exist', () => {
    const targets = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target as string)
    assert.deepEqual(targets, ['configuration.md', 'guarantees.md'])
    for (const target of targets) assert.ok(existsSync(new URL(target, url)), target)
  })

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../package.json', url), 'utf8'))
    for (const [, script] of page.matchAll(/npm run ([a-z0-9:]+)/g)) assert.ok(scripts[script as string], script)
  })
})
