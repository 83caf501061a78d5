import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildFiles, pathOfBuilt } from '../../../runtime/tracker/build.ts'
import type { trackPages } from '../../../runtime/tracker/dist/pages.mjs'
import type { createTracker } from '../../../runtime/tracker/dist/tracker.mjs'
import { trackerOn } from '../../../runtime/tracker/tracker.ts'
import { FakeBrowser, FakeTab } from './fake-browser.ts'

const MAX_GZIPPED_BYTES = 5000
/** With what only pages for Tracardi's snippet use. */
const MAX_GZIPPED_BYTES_FOR_TRACARDI = 5200
/** Only applications that change their page load it. */
const MAX_GZIPPED_BYTES_OF_PAGES = 600

describe('the built library', () => {
  for (const [file, content] of buildFiles()) {
    it(`is in dist/${file} what its source makes of it (npm run tracker writes it)`, () => {
      assert.equal(readFileSync(pathOfBuilt(file), 'utf8'), content)
    })
  }

  it('is declared as what it is', () => {
    // The compiler looks at it.
    const pages: typeof trackPages = (tracker, options) => assert.ok(tracker && !options?.hash)
    const declared: typeof createTracker = (options) => trackerOn(new FakeTab(new FakeBrowser()), options)
    pages(declared({ api: '', source: 'shop' }))
    assert.deepEqual(Object.keys(declared({ api: '', source: 'shop' })), [
      'helpers',
      'track',
      'page',
      'identify',
      'flush',
      'consent',
      'forget',
    ])
  })

  for (const [file, maxBytes] of [
    ['tracker.js', MAX_GZIPPED_BYTES],
    ['tracker.mjs', MAX_GZIPPED_BYTES],
    ['liliput.min.js', MAX_GZIPPED_BYTES_FOR_TRACARDI],
    ['pages.js', MAX_GZIPPED_BYTES_OF_PAGES],
    ['pages.mjs', MAX_GZIPPED_BYTES_OF_PAGES],
  ] as const) {
    it(`has at most ${maxBytes} bytes as ${file}, gzipped`, () => {
      const bytes = gzipSync(readFileSync(pathOfBuilt(file)), { level: 9 }).length
      assert.ok(bytes <= maxBytes, `${bytes} bytes`)
    })

    it(`makes no code of texts in ${file}, which a strict content security policy forbids`, () => {
      assert.doesNotMatch(readFileSync(pathOfBuilt(file), 'utf8'), /\beval\b|\bFunction\b|innerHTML|createElement/)
    })
  }
})
