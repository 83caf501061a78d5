import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { withDefaults } from '../../../runtime/tracker/settings.ts'

const page = readFileSync(new URL('../../../docs/tracker.md', import.meta.url), 'utf8')

describe('docs/tracker.md', () => {
  it('names every option with its default', () => {
    const { api: _, source: __, ...defaults } = withDefaults({ api: '', source: '' })
    const rows = [...page.matchAll(/^\| `(\w+)` \| ([\w.]+) \|/gm)].map(([, name, value]) => [name, value])
    // What is false needs no default.
    const off = ['respectDoNotTrack', 'respectGlobalPrivacyControl', 'requireConsent'].map((name) => [name, 'false'])
    const others = Object.entries(defaults).map(([name, value]) => [name, String(value)])
    assert.deepEqual(Object.fromEntries(rows), Object.fromEntries([...others, ...off]))
  })
})
