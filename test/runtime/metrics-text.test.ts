import assert from 'node:assert/strict'
import { parseMetrics, sumOf } from '../../runtime/metrics-text.ts'

const TEXT = `# HELP events_total Events
# TYPE events_total counter
events_total{outcome="accepted",source="a"} 12
events_total{outcome="accepted",source="b, \\"c\\" }"} 1.5e3 1700000000000
events_total{outcome="refused"} 3
up 1
limit +Inf
`

describe('parseMetrics', () => {
  it('reads names, labels and values', () => {
    assert.deepEqual(parseMetrics(TEXT)[1], {
      name: 'events_total',
      labels: { outcome: 'accepted', source: 'b, "c" }' },
      value: 1500,
    })
  })

  it('reads a metric without labels', () => {
    assert.deepEqual(parseMetrics(TEXT)[3], { name: 'up', labels: {}, value: 1 })
  })

  it('passes over what is no metric', () => {
    assert.deepEqual(parseMetrics('<html>\n\n# up 1\n'), [])
  })
})

describe('sumOf', () => {
  const metrics = parseMetrics(TEXT)

  it('adds up over the labels that were not given', () => {
    assert.equal(sumOf(metrics, 'events_total', { outcome: 'accepted' }), 1512)
    assert.equal(sumOf(metrics, 'events_total'), 1515)
  })

  it('is nothing, not 0, for a missing metric', () => {
    assert.equal(sumOf(metrics, 'events_total', { outcome: 'lost' }), undefined)
  })
})
