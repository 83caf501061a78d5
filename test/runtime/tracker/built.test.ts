import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildFiles, pathOfBuilt } from '../../../runtime/tracker/build.ts'
import type { createTracker } from '../../../runtime/tracker/dist/tracker.mjs'
import { trackerOn } from '../../../runtime/tracker/tracker.ts'
import { FakeBrowser, FakeTab } from './fake-browser.ts'

const MAX_GZIPPED_BYTES = 5000

describe('the built library', () => {
  for (const [file, content] of buildFiles()) {
    it(`is in dist/${file} what its source makes of it (npm run tracker writes it)`, () => {
      assert.equal(readFileSync(pathOfBuilt(file), 'utf8'), content)
    })
  }

  it('is declared as what it is', () => {
    // The compiler looks at it.
    const declared: typeof createTracker = (options) => trackerOn(new FakeTab(new FakeBrowser()), options)
    assert.deepEqual(Object.keys(declared({ api: '', source: 'shop' })), ['helpers', 'track', 'flush', 'consent'])
  })

  for (const file of ['tracker.js', 'tracker.mjs']) {
    it(`has at most ${MAX_GZIPPED_BYTES} bytes as ${file}, gzipped`, () => {
      const bytes = gzipSync(readFileSync(pathOfBuilt(file)), { level: 9 }).length
      assert.ok(bytes <= MAX_GZIPPED_BYTES, `${bytes} bytes`)
    })

    it(`makes no code of texts in ${file}, which a strict content security policy forbids`, () => {
      assert.doesNotMatch(readFileSync(pathOfBuilt(file), 'utf8'), /\beval\b|\bFunction\b|innerHTML|createElement/)
    })
  }
})
