import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StackConfigError } from '../../../infra/config/errors.ts'
import { readPricesFile } from '../../../infra/config/prices-file.ts'
import { sentencesOf } from '../../support/sentences.ts'

const EXAMPLES = fileURLToPath(new URL('../../../docs/prices/', import.meta.url))

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.yaml')
  writeFileSync(path, text)
  return path
}

describe('a file of prices', () => {
  const assertWords = sentencesOf('prices')

  for (const name of readdirSync(EXAMPLES)) {
    it(`like the example ${name} is read, and says of when it is`, () => {
      const prices = readPricesFile(join(EXAMPLES, name))
      assert.match(prices.of, /20\d\d/)
      assert.deepEqual(
        prices.machines.map(({ memoryGibPerCore }) => memoryGibPerCore),
        [4, 8],
      )
    })
  }

  it('is refused with every fault', () => {
    const path = fileOf(
      '{ currency: "", of: x, machines: [{ coreMonth: 0, memoryGibPerCore: 4 }, 5], usablePart: 2, disk: 1 }',
    )
    assert.throws(
      () => readPricesFile(path),
      (error: StackConfigError) => {
        assert.deepEqual(
          error.faults.map(({ code }) => code),
          Array.from({ length: 9 }, () => 'prices_invalid'),
        )
        assertWords(error.faults.map(({ text }) => text.replace(path, 'prices.yaml')))
        return true
      },
    )
    const empty = fileOf(
      '{ currency: EUR, of: x, machines: [], usablePart: 1, diskGibMonth: 1, warmDiskGibMonth: 1, objectGibMonth: 0, zoneTrafficGib: 0 }',
    )
    assert.throws(() => readPricesFile(empty), /machines is \[\]/)
  })

  it('is refused if it does not exist, is not YAML, or not an object', () => {
    assert.throws(() => readPricesFile('/nowhere.yaml'), /\/nowhere\.yaml: ENOENT/)
    assert.throws(() => readPricesFile(fileOf('{ a: ')), /prices\.yaml: /)
    assert.throws(() => readPricesFile(fileOf('5')), /it is 5; allowed: an object with currency/)
  })
})
