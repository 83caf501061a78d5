import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * What the project says to people: faults of a configuration, advice, reasons. Tests of the rules assert codes and numbers; the
 * sentences are in one file, which `npm run sentences` writes again, so that a wording changes in the code only and is
 * reviewed as a diff of that file.
 */
const FILE = new URL('../golden/sentences.json', import.meta.url)

type Sentences = Record<string, Record<string, readonly string[]>>

const IS_WRITING = process.env['WRITE_SENTENCES'] === '1'
const known: Sentences = JSON.parse(readFileSync(FILE, 'utf8'))
const written: Sentences = {}

if (IS_WRITING) {
  process.on('exit', () => {
    const byName = (of: object) => Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))
    const sorted = byName(Object.fromEntries(Object.entries(written).map(([section, of]) => [section, byName(of)])))
    writeFileSync(FILE, `${JSON.stringify(sorted, null, 2)}\n`)
  })
}

/** Compares what is said in a case with the file. @param name of the case, within its section. */
export function assertSentences(section: string, name: string, said: readonly string[]): void {
  if (IS_WRITING) {
    written[section] = { ...written[section], [name]: said }
    return
  }
  assert.deepEqual(
    said,
    known[section]?.[name],
    'the wording differs: see test/golden/sentences.json (npm run sentences)',
  )
}

/** The same for a suite: its cases are named by the tests, and numbered within one. Call it within `describe`. */
export function sentencesOf(section: string): (said: readonly string[]) => void {
  let [name, calls] = ['', 0]
  beforeEach(function () {
    ;[name, calls] = [this.currentTest?.fullTitle() ?? '', 0]
  })
  return (said) => {
    calls += 1
    assertSentences(section, calls === 1 ? name : `${name} (${calls})`, said)
  }
}
