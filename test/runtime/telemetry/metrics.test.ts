import assert from 'node:assert/strict'
import { byLabel, meanOf, parseMetrics, quantile, seriesOf, sumOf } from '../../../runtime/telemetry/metrics.ts'

const TEXT = `# HELP events_total Events
# TYPE events_total counter
events_total{outcome="accepted",source="a"} 12
events_total{outcome="accepted",source="b, \\"c\\" }"} 1.5e3 1700000000000
events_total{outcome="refused"} 3
events_total_more{outcome="refused"} 100
up 1
limit +Inf
`

describe('the text of metrics', () => {
  const metrics = parseMetrics(TEXT)

  it('is read as names, labels and values', () => {
    const labels = { outcome: 'accepted', source: 'b, "c" }' }
    assert.deepEqual(metrics.get(seriesOf('events_total', labels)), { name: 'events_total', labels, value: 1500 })
    assert.deepEqual(metrics.get('up'), { name: 'up', labels: {}, value: 1 })
    assert.equal(metrics.get('limit')?.value, Number.POSITIVE_INFINITY)
  })

  it('may have lines that are no metrics', () => {
    assert.equal(parseMetrics('<html>\n\n# up 1\n').size, 0)
  })

  it('has a series whatever the order of its labels', () => {
    assert.equal(seriesOf('a', { y: '2', x: '1' }), 'a{x="1",y="2"}')
    assert.equal(seriesOf('a'), 'a')
  })
})

describe('the numbers of a metric', () => {
  const metrics = parseMetrics(TEXT)

  it('are summed over the labels that were not given, those of longer names omitted', () => {
    assert.equal(sumOf(metrics, 'events_total', { outcome: 'accepted' }), 1512)
    assert.equal(sumOf(metrics, 'events_total'), 1515)
  })

  it('are nothing, not 0, for a metric that does not exist', () => {
    assert.equal(sumOf(metrics, 'events_total', { outcome: 'lost' }), undefined)
  })

  it('are added up by the value of a label', () => {
    assert.deepEqual(
      [...byLabel(metrics, 'events_total', 'outcome')],
      [
        ['accepted', 1512],
        ['refused', 3],
      ],
    )
    assert.deepEqual([...byLabel(metrics, 'events_total', 'source').keys()], ['a', 'b, "c" }'])
    assert.deepEqual([...byLabel(metrics, 'events_total', 'missing')], [])
  })
})

describe('a histogram', () => {
  const histogram = (counts: Readonly<Record<string, number>>) =>
    parseMetrics(
      Object.entries(counts)
        .map(([le, count]) => `took_bucket{le="${le}"} ${count}`)
        .join('\n'),
    )

  it('has a quantile within its bucket, by as much of it as is needed', () => {
    const numbers = histogram({ '0.1': 10, '0.5': 90, '1': 100, '+Inf': 100 })
    assert.equal(quantile(numbers, 'took', 0.5), 0.1 + 0.4 * (40 / 80))
    assert.equal(quantile(numbers, 'took', 0.05), 0.05)
    assert.equal(quantile(numbers, 'took', 0.95), 0.75)
  })

  it('has the greatest bound as the quantile that lies beyond', () => {
    assert.equal(quantile(histogram({ '1': 1, '+Inf': 100 }), 'took', 0.99), 1)
  })

  it('has no quantile and no mean when nothing was observed', () => {
    assert.equal(quantile(histogram({ '1': 0, '+Inf': 0 }), 'took', 0.5), null)
    assert.equal(quantile(new Map(), 'took', 0.5), null)
    assert.equal(meanOf(parseMetrics('took_sum 0\ntook_count 0'), 'took'), null)
  })

  it('has a mean', () => {
    assert.equal(meanOf(parseMetrics('took_sum 12\ntook_count 4'), 'took'), 3)
  })
})
