import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { declared, readPulumiYaml } from '../docs/pulumi-yaml.ts'
import { COMPARED_LOADS } from '../docs/sizing-loads.ts'
import { pages, pathOf, reviewedMonth, withTables } from '../docs/tables.ts'
import { settings } from '../runtime/config.ts'
import { localSettings } from '../runtime/local/settings.ts'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const readme = read('README.md')

describe('the documentation', () => {
  for (const page of Object.keys(pages)) {
    it(`says in docs/${page} what the code says (npm run docs writes it)`, () => {
      const text = readFileSync(pathOf(page), 'utf8')
      assert.equal(text, withTables(page, text))
    })
  }

  it('compares thirty loads, with a reason wherever the model and the expert are a fifth apart', () => {
    assert.equal(COMPARED_LOADS.length, 30)
    for (const compared of COMPARED_LOADS) {
      const { name, expert, reason } = compared
      const ratio = reviewedMonth(compared) / (expert ?? Number.NaN)
      assert.equal(reason !== undefined, ratio > 1.2 || ratio < 0.8, `${name}: ${ratio}`)
    }
  })

  it('sizes 20,000 events/s over 90 days at less than half of what it was', () => {
    const compared = COMPARED_LOADS.find(({ name }) => name === '20,000/s, 50 a call, 90 days')
    assert.ok(compared !== undefined && reviewedMonth(compared) < (compared.before ?? 0) / 2)
  })

  it('declares in Pulumi.yaml what the schema has (npm run docs writes it)', () => {
    assert.equal(readPulumiYaml(), declared(readPulumiYaml()))
  })

  it('names in the README only settings that exist, with their defaults', () => {
    const known = new Map(
      Object.values({ ...settings, ...localSettings }).map((setting) => [setting.env as string, setting]),
    )
    const names = [...readme.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map((match) => match[1] as string)
    assert.ok(names.length > 10)
    for (const name of names) assert.ok(known.has(name), `${name} is not a setting`)
    const rows = readme.match(/^\| `[A-Z_]+`(?:, `[A-Z_]+`)* \| .*$/gm) ?? []
    for (const row of rows) {
      const [, variables = '', defaults = ''] = row.split('|')
      const shown = defaults.split(',').map((text) => text.trim().replaceAll('`', ''))
      const expected = [...variables.matchAll(/`(\w+)`/g)].map((match) =>
        String(known.get(match[1] as string)?.default),
      )
      assert.deepEqual(shown, expected, row)
    }
  })

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/configuration.md', 'docs/metrics.md', 'docs/errors.md']) {
      for (const [, script] of read(page).matchAll(/npm run ([a-z0-9]+(?:[:-][a-z0-9]+)*)/g)) {
        assert.ok(scripts[script as string], `${page} names the script ${script}`)
      }
    }
  })

  it('links only to files that exist', () => {
    for (const page of [
      'README.md',
      'CONTRIBUTING.md',
      'docs/configuration.md',
      'docs/guarantees.md',
      'docs/sizing.md',
    ]) {
      for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        assert.ok(existsSync(new URL(target as string, new URL(page, root))), `${page} links to ${target}`)
      }
    }
  })
})
