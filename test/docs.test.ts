import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { decisions } from '../docs/decisions.ts'
import { declared, readPulumiYaml } from '../docs/pulumi-yaml.ts'
import { COMPARED_LOADS } from '../docs/sizing-loads.ts'
import { pages, pathOf, reviewedMonth, withTables } from '../docs/tables.ts'
import { rulesOf } from '../infra/observability/rules.ts'
import { settings } from '../runtime/config.ts'
import { localSettings } from '../runtime/local/settings.ts'
import { STACK } from './alerts/monitored-stack.ts'
import { allPages, anchorsOf, linksOf, readPage } from './support/pages.ts'

const root = new URL('../', import.meta.url)
const known = new Map(
  Object.values({ ...settings, ...localSettings }).map((setting) => [setting.env as string, setting]),
)

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

  it('says why a load costs over 20 % more or less than the expert has it', () => {
    const unexplained = COMPARED_LOADS.filter((compared) => {
      const { expert, reason } = compared
      return expert !== undefined && reason === undefined && Math.abs(reviewedMonth(compared) / expert - 1) > 0.2
    })
    assert.deepEqual(
      unexplained.map(({ name }) => name),
      [],
    )
  })

  it('declares in Pulumi.yaml what the schema has (npm run docs writes it)', () => {
    assert.equal(readPulumiYaml(), declared(readPulumiYaml()))
  })

  it('gives settings with their defaults', () => {
    const rows = readPage('docs/configuration.md').match(/^\| `[A-Z_]+`(?:, `[A-Z_]+`)+ \| .*$/gm) ?? []
    assert.ok(rows.length > 3)
    for (const row of rows) {
      const [, variables = '', defaults = ''] = row.split('|')
      const shown = defaults.split(',').map((text) => text.trim().replaceAll('`', ''))
      const expected = [...variables.matchAll(/`(\w+)`/g)].map((match) =>
        String(known.get(match[1] as string)?.default),
      )
      assert.deepEqual(shown, expected, row)
    }
  })

  it('names only settings that exist', () => {
    for (const page of ['README.md', 'docs/api.md', 'docs/metrics.md', 'docs/guarantees.md', 'docs/path-of-a-key.md']) {
      const names = [...readPage(page).matchAll(/`((?:API|BULK|ELASTIC|EVENT|PULSAR|SOURCE)_[A-Z_]+)`/g)]
      for (const [, name = ''] of names) assert.ok(known.has(name), `${page} names ${name}`)
    }
  })

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> }
    for (const page of allPages()) {
      for (const [, script = ''] of readPage(page).matchAll(/npm run ([a-z0-9:-]+)/g)) {
        assert.ok(script in scripts, `${page} names the script ${script}`)
      }
    }
  })

  it('searches logs only for lines that the programs write', () => {
    const sources = globSync('runtime/{api,canary,worker,search,queue,programs}/*.ts', { cwd: root }).map(readPage)
    const lines = sources.flatMap((text) =>
      [...text.matchAll(/\blog\.(?:info|warn|error)\([^']*(?:'[^']*'[^']*)*?'([^'\n]+)',?\s*\)/g)].map(
        ([, line = '']) => line,
      ),
    )
    const searches = [...readPage('docs/alerts.md').matchAll(/logs deploy\/\w+ \| grep ("[^"]+"|'[^']+'|\w+)/g)]
    assert.ok(searches.length > 5)
    for (const [search, quoted = ''] of searches) {
      const text = quoted.replaceAll(/["']/g, '')
      assert.ok(
        lines.some((line) => line.includes(text)),
        search,
      )
    }
  })

  it('links only to files and sections that exist', () => {
    assert.ok(allPages().length > 40)
    for (const page of allPages()) {
      for (const { target, anchor } of linksOf(readPage(page))) {
        const url = target === '' ? new URL(page, root) : new URL(target, new URL(page, root))
        assert.ok(existsSync(url), `${page} links to ${target}`)
        if (anchor === undefined || !url.pathname.endsWith('.md')) continue
        assert.ok(anchorsOf(readFileSync(url, 'utf8')).includes(anchor), `${page} links to ${target}#${anchor}`)
      }
    }
  })

  it('leads from docs/README.md to every page', () => {
    const linked = linksOf(readPage('docs/README.md')).map(({ target }) => target)
    const inDocs = allPages().filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md')
    assert.deepEqual(
      inDocs.filter((page) => !linked.includes(page.replace('docs/', ''))),
      [],
    )
  })

  it('keeps the README on one screen, with the number of alerts', () => {
    const readme = readPage('README.md')
    assert.ok(readme.split('\n').length < 130)
    const rules = rulesOf(STACK, '').groups.flatMap((group) => group.rules)
    assert.match(readme, new RegExp(`\\b${rules.filter((rule) => 'alert' in rule).length} \\[alerts\\]`))
  })
})

describe('the decisions', () => {
  for (const { file, number, title, status, replacedBy } of decisions()) {
    it(`${number} has a status, and links to what replaces it`, () => {
      assert.equal(file.slice(0, 4), String(number).padStart(4, '0'))
      assert.ok(title.length > 0)
      assert.match(status, /^(accepted|replaced|replaced in part)$/)
      assert.equal(replacedBy !== undefined, status !== 'accepted')
      if (replacedBy !== undefined) assert.ok(readPage(`docs/adr/${replacedBy}`).includes(`(${file})`), replacedBy)
    })
  }

  it('have consecutive numbers', () => {
    assert.deepEqual(
      decisions().map(({ number }) => number),
      decisions().map((_, index) => index + 1),
    )
  })
})
