import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCoefficientsFile } from '../../../infra/config/coefficients-file.ts'
import type { StackConfigError } from '../../../infra/config/errors.ts'
import { planOf, sizesFor } from '../../../infra/config/plan.ts'
import { planFromEngine } from '../../../infra/config/pulumi.ts'
import { readCoefficients } from '../../../infra/sizing/coefficients.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { changed } from '../../support/stack.ts'

const peak = { load: { peakEventsPerSecond: 200_000 }, api: { autoscaling: 'none' }, elasticsearch: { dataGib: 4096 } }
const replicas = (plan: ReturnType<typeof planOf>) => plan.api.replicas

describe('measured coefficients', () => {
  const assertWords = sentencesOf('coefficients')
  it('of a stack change its sizes, and those that are given win', () => {
    const stated = changed('production', { ...peak, coefficients: { apiMicrosPerCall: 1600 } })
    assert.equal(replicas(planOf(changed('production', peak))), 20)
    assert.equal(replicas(planOf(stated)), 66)
    assert.equal(replicas(planOf(stated, readCoefficients({ apiMicrosPerCall: 200 }))), 20)
  })

  it('come through the engine as every group does', () => {
    const raw = changed('production', { ...peak, coefficients: { apiMicrosPerCall: 1600 } })
    const config = Object.entries(raw).map(([key, value]) => [`tracardi-at-scale:${key}`, JSON.stringify(value)])
    assert.equal(replicas(planFromEngine('tracardi-at-scale', Object.fromEntries(config))), 66)
  })

  it('of a stack are refused with the other faults', () => {
    const raw = changed('dev', { api: { replicas: 0 }, coefficients: { apiMicrosPerCal: 1, bulkMillis: -1 } })
    const codes = (codes: readonly string[]) => (error: StackConfigError) => {
      assert.deepEqual(
        error.faults.map(({ code }) => code),
        codes,
      )
      assertWords(error.faults.map(({ text }) => text))
      return true
    }
    assert.throws(() => planOf(raw), codes(['value_not_allowed', 'coefficient_invalid', 'coefficient_invalid']))
    assert.throws(() => planOf(changed('dev', { coefficients: [1] })), codes(['value_not_allowed']))
  })

  it('size another load in the environment of a stack, whatever counts it states', () => {
    const raw = changed('production', { api: { replicas: 40 } })
    const sizes = sizesFor(
      raw,
      (kept) => ({ ...kept, peakEventsPerSecond: 200_000, eventsPerCall: 10, eventBytes: 650 }),
      readCoefficients({}),
    )
    assert.equal(sizes.find(({ key }) => key === 'api.replicas')?.value, 20)
    assert.throws(
      () => sizesFor({ api: { replica: 1 } }, () => assert.fail(), readCoefficients({})),
      /did you mean api.replicas/,
    )
  })

  describe('of a file', () => {
    const fileOf = (text: string) => {
      const path = join(mkdtempSync(join(tmpdir(), 'coefficients-')), 'measured.json')
      writeFileSync(path, text)
      return path
    }

    it('are read over the defaults', () => {
      assert.equal(readCoefficientsFile(fileOf('{"bulkMillis": 12}')).bulkMillis, 12)
    })

    it('are refused with the name of the file, and every fault', () => {
      const path = fileOf('{"bulkMilis": 12, "diskFillRatio": 7}')
      assert.throws(
        () => readCoefficientsFile(path),
        (error: StackConfigError) => {
          assert.deepEqual(
            error.faults.map(({ code }) => code),
            ['coefficient_invalid'],
          )
          assertWords(error.faults.map(({ text }) => text.replace(path, 'measured.json')))
          return true
        },
      )
    })

    it('are refused if the file does not exist or is not JSON', () => {
      assert.throws(() => readCoefficientsFile('/nowhere.json'), /\/nowhere\.json: ENOENT/)
      assert.throws(() => readCoefficientsFile(fileOf('{"bulkMillis": 12,}')), /measured\.json: .*JSON/)
    })
  })
})
