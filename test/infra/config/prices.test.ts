import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPricesFile } from '../../../infra/config/prices-file.ts'

const EXAMPLES = fileURLToPath(new URL('../../../docs/prices/', import.meta.url))

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.yaml')
  writeFileSync(path, text)
  return path
}

describe('a file of prices', () => {
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
    assert.throws(() => readPricesFile(path), {
      faults: [
        'disk is not a key; known: currency, of, machines, usablePart, diskGibMonth, warmDiskGibMonth, objectGibMonth, zoneTrafficGib',
        'currency is ""; allowed: a text',
        'diskGibMonth is missing; allowed: a number of at least 0',
        'warmDiskGibMonth is missing; allowed: a number of at least 0',
        'objectGibMonth is missing; allowed: a number of at least 0',
        'zoneTrafficGib is missing; allowed: a number of at least 0',
        'usablePart is 2; allowed: a number over 0, at most 1',
        'machines[0].coreMonth is 0; allowed: a number over 0',
        'machines[1] is 5; allowed: name, coreMonth, memoryGibPerCore',
      ].map((fault) => `${path}: ${fault}`),
    })
    const empty = fileOf(
      '{ currency: EUR, of: x, machines: [], usablePart: 1, diskGibMonth: 1, warmDiskGibMonth: 1, objectGibMonth: 0, zoneTrafficGib: 0 }',
    )
    assert.throws(() => readPricesFile(empty), {
      faults: [`${empty}: machines is []; allowed: a list of at least one family of machines`],
    })
  })

  it('is refused if it does not exist, is not YAML, or not an object', () => {
    assert.throws(() => readPricesFile('/nowhere.yaml'), /\/nowhere\.yaml: ENOENT/)
    assert.throws(() => readPricesFile(fileOf('{ a: ')), /prices\.yaml: /)
    assert.throws(() => readPricesFile(fileOf('5')), /it is 5; allowed: an object with currency/)
  })
})
