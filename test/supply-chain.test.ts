import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

interface Package {
  readonly dev?: boolean
  readonly link?: boolean
  readonly integrity?: string
  readonly license?: string
  readonly hasInstallScript?: boolean
}

/** Licences under which we may pass a package on with an image, without its source. */
const LICENCES = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '(BSD-3-Clause AND Apache-2.0)',
  'BlueOak-1.0.0',
  'Python-2.0',
  'CC0-1.0',
  'CC-BY-3.0',
  'Unlicense',
])
/** `@logdna/tail-file` has the text of the MIT licence; of install scripts, each was read. */
const READ = {
  licence: ['node_modules/@logdna/tail-file'],
  scripts: ['node_modules/@pulumi/kubernetes', 'node_modules/protobufjs', 'node_modules/pulsar-client'],
}

describe('the supply chain: each production dependency', () => {
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, Package>
  }
  const production = Object.entries(packages).filter(
    ([path, { dev, link }]) => /(^|\/)node_modules\//.test(path) && !dev && !link,
  )
  const pathsOf = (is: (one: Package) => boolean) => production.filter(([, one]) => is(one)).map(([path]) => path)

  it('is pinned by a hash of its content', () => {
    assert.ok(production.length > 100)
    assert.deepEqual(
      pathsOf(({ integrity }) => !integrity?.startsWith('sha512-')),
      [],
    )
  })

  it('has a licence that we may pass on', () => {
    assert.deepEqual(
      pathsOf(({ license = '' }) => !LICENCES.has(license)),
      READ.licence,
    )
  })

  it('runs no script when it is installed, except the scripts that were read', () => {
    assert.deepEqual(
      pathsOf(({ hasInstallScript }) => hasInstallScript === true),
      READ.scripts,
    )
  })
})
