import assert from 'node:assert/strict'
import { summariseVariants, type VariantOutcome, variantTable } from '../../bench/mapping/report.ts'
import { type Comparison, comparisons, type Variant } from '../../bench/mapping/variants.ts'
import { loadConfig } from '../../runtime/config.ts'
import { type Template, templatesOf } from '../../runtime/search/templates.ts'

const template = templatesOf(loadConfig({}))[0] as Template
const [mapping, varied, refresh] = comparisons(template) as [Comparison, Comparison, Comparison]
const [base] = mapping.variants as [Variant]

/** What a variant changes of the first: a path to each value that differs, and the value. */
function differences(variant: Variant): Record<string, unknown> {
  const flat = (value: unknown, path: string): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => flat(inner, `${path}/${key}`))
      : [[path, value]]
  const before = new Map(flat(base.content, ''))
  return Object.fromEntries(flat(variant.content, '').filter(([path, value]) => before.get(path) !== value))
}
const found = (name: string) => mapping.variants.find((variant) => variant.name === name) as Variant

describe('the variants of the index that the bench compares', () => {
  it('begin with one of which every field has index and doc values, whatever the template says', () => {
    assert.doesNotMatch(JSON.stringify(base.content.properties), /"index"|"doc_values"/)
    assert.equal(base.content.settings.refresh_interval, '1s')
    assert.equal(base.content.settings.codec, undefined)
    assert.deepEqual(Object.keys(base.content.properties), Object.keys(template.body.template.mappings.properties))
  })

  it('differ from it in one thing each', () => {
    assert.deepEqual(differences(found('id: no index')), { '/properties/id/index': false })
    assert.deepEqual(differences(found('time.create: no doc values')), {
      '/properties/metadata/properties/time/properties/create/doc_values': false,
    })
    assert.deepEqual(differences(found('properties, context: neither')), {
      '/properties/properties/index': false,
      '/properties/properties/doc_values': false,
      '/properties/context/index': false,
      '/properties/context/doc_values': false,
    })
    assert.deepEqual(differences(found('best_compression')), { '/settings/codec': 'best_compression' })
  })

  it('have names of their own', () => {
    const names = [mapping, varied, refresh].flatMap(({ variants }) => variants.map(({ name }) => name))
    assert.equal(new Set(names).size, names.length)
  })

  it('end with the fields of set-up, its refresh interval apart', () => {
    const { content } = found('set-up, default codec')
    assert.deepEqual(content.properties, template.body.template.mappings.properties)
    assert.equal(content.settings.refresh_interval, '1s')
  })

  it('compare refresh intervals at a rate at which each passes while the events come', () => {
    assert.deepEqual(
      refresh.variants.map(({ content, eventsPerSecond }) => [content.settings.refresh_interval, eventsPerSecond]),
      ['1s', '5s', '10s', '-1'].map((interval) => [interval, 2000]),
    )
  })

  it('refuse to measure a field that the mapping does not have, or that is no different', () => {
    const without = structuredClone(template)
    Object.assign(without.body.template.mappings, { properties: { id: { type: 'keyword' } } })
    assert.throws(() => comparisons(without), /the mapping has no field name/)
  })
})

describe('the report on them', () => {
  const outcome = (name: string, cpuMicros: number, mergedBytes: number): VariantOutcome => ({
    ...{ name, cpuMicros, mergedBytes },
    ...{ eventsPerSecond: 40_000, elsewhereMicros: 0, asWrittenBytes: mergedBytes + 10, readMs: 5 },
  })
  const outcomes = [
    outcome(base.name, 20, 400),
    outcome('id: no index', 18, 300),
    outcome(base.name, 22, 400),
    outcome('id: no index', 16, 300),
  ]
  const summaries = summariseVariants(mapping, outcomes)

  it('holds the medians of each against those of the first, and omits what was not measured', () => {
    assert.deepEqual(
      summaries.map(({ name, rounds, cpuMicros, cpuChange, bytesChange }) => [
        name,
        rounds,
        cpuMicros,
        Math.round(cpuChange * 1000),
        bytesChange,
      ]),
      [
        [base.name, 2, { median: 21, low: 20, high: 22 }, 0, 0],
        ['id: no index', 2, { median: 17, low: 16, high: 18 }, -190, -0.25],
      ],
    )
  })

  it('is a table with a row for each', () => {
    const row = variantTable(summaries).split('\n')[3] ?? ''
    assert.deepEqual(
      row
        .split('|')
        .map((cell) => cell.trim())
        .filter((cell) => cell !== ''),
      ['id: no index', '17.0', '16.0–18.0', '−19.0 %', '300', '−25.0 %', '310', '5.0', '40,000'],
    )
  })
})
