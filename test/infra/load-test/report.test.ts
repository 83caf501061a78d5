import assert from 'node:assert/strict'
import { findingsOf } from '../../../infra/load-test/findings.ts'
import { type Chart, lineChart, niceEnd, timeTicks } from '../../../infra/load-test/line-chart.ts'
import { page } from '../../../infra/load-test/page.ts'
import { flushReasons, textReport } from '../../../infra/load-test/text-report.ts'
import { api, intervalOf, intervalsOf, loadTestOf, worker } from './cases.ts'

const OBJECTIVES = { p99Ms: 1000 }

describe('a line chart', () => {
  const chart: Chart = {
    title: 'Rate',
    unit: 'events/s',
    seconds: 100,
    spans: [{ name: 'burst', from: 20, to: 30 }],
    lines: [
      { name: 'a < b', colour: 'first', points: [{ x: 0, y: 0 }, { x: 50, y: 50 }, undefined, { x: 100, y: 100 }] },
    ],
  }

  it('stretches over its time and up to its largest value, with gaps where there is none', () => {
    const drawn = lineChart(chart)
    assert.match(drawn, /<path class="first" d="M0\.0 200\.0L500\.0 100\.0M1000\.0 0\.0"\/>/)
    assert.match(drawn, /<rect class="span" x="200\.0" width="100\.0" y="0" height="200"><title>burst<\/title>/)
    assert.match(drawn, /<li class="first">a &lt; b<\/li>/)
    assert.match(drawn, /<span style="left:60.0%">1:00<\/span>/)
    assert.match(drawn, /<span style="bottom:100%">100<\/span>/)
  })

  it('marks a limit, and ends above it', () => {
    const drawn = lineChart({ ...chart, limit: { name: 'its limit', y: 150 } })
    assert.match(drawn, /<line class="limit" x1="0" x2="1000" y1="50\.0" y2="50\.0"\/>/)
    assert.match(drawn, /<span style="bottom:100%">200<\/span>/)
  })

  it('has round times below it, few enough to be read', () => {
    assert.deepEqual(timeTicks(30), [0, 5, 10, 15, 20, 25, 30])
    assert.deepEqual(timeTicks(632), [0, 120, 240, 360, 480, 600])
    assert.deepEqual(timeTicks(100_000), [0, 20_000, 40_000, 60_000, 80_000, 100_000])
  })

  it('ends at a number that is read at a glance', () => {
    assert.deepEqual(
      [0, 0.03, 7, 1000, 1001, 2200, 3000, 90_000].map(niceEnd),
      [1, 0.04, 8, 1000, 2000, 2500, 4000, 100_000],
    )
  })
})

describe('the report', () => {
  it('counts bulks by why they were sent, the most frequent first', () => {
    const intervals = [
      intervalOf(0),
      intervalOf(1, { worker: { ...worker, flushes: { size: 1, timeout: 9, drain: 0 } } }),
      intervalOf(2, { worker: undefined }),
    ]
    assert.deepEqual(flushReasons({ ...loadTestOf(), intervals }), [
      { reason: 'timeout', count: 9 },
      { reason: 'size', count: 3 },
    ])
  })

  it('says as text that the load was held, and with what', () => {
    const loadTest = loadTestOf()
    const text = textReport(loadTest, findingsOf(loadTest, OBJECTIVES))
    assert.ok(text.startsWith('1,000 events/s: the load was held.\n\n30,000 events in 3,000 calls'))
    assert.ok(text.includes('\n\nNothing came to its limit.\n\n'))
    assert.ok(text.includes('\n  one replica of the API: 5,008 events/s (extrapolated)\n'))
    assert.ok(text.includes('\n  size: 60\n'))
    assert.ok(
      text.includes(
        '\n  apiMicrosPerCall 727 (extrapolated): 2,000 µs of CPU for a call of 10 events; the busiest replica used up to 20 % of a core\n',
      ),
    )
    assert.ok(text.endsWith('  elasticsearch.dataNodes: 1 ran, 1 needed\n'))
  })

  it('says what was at its limit and what to change', () => {
    const loadTest = loadTestOf({
      intervals: intervalsOf(30, { api: { ...api, cores: [0.95] } }),
      drainSeconds: null,
    })
    const text = textReport(loadTest, findingsOf(loadTest, OBJECTIVES))
    assert.ok(text.startsWith('1,000 events/s: the load was NOT held.\n  the backlog did not drain\n'))
    assert.ok(
      text.includes(
        'The first to come to its limit, after 0 s: API, for a replica of the API used 0.95 cores, and one event loop has one.',
      ),
    )
    assert.ok(text.includes('  api.replicas: 1 ran, 2 needed: too few\n'))
    assert.ok(text.endsWith('What to change\n  API: raise api.replicas\n  api.replicas: 1 ran, the load needs 2\n'))
  })

  it('is a page that needs nothing else, in which no text is markup', () => {
    const loadTest = loadTestOf({ notes: ['<script>alert(1)</script>'] })
    const html = page(loadTest, findingsOf(loadTest, OBJECTIVES))
    assert.ok(!/<script|<link|https?:\/\/(?!api:8585)/.test(html))
    assert.ok(html.includes('&lt;script>alert(1)'))
    assert.equal(html.match(/<svg /g)?.length, 4)
    assert.ok(html.includes('prefers-color-scheme: dark'))
    assert.ok(html.includes('<div class="good"><dt>lost</dt><dd>0</dd></div>'))
    assert.ok(html.includes('<section class="verdict holds">'))
  })

  it('is a page also of a load test in which nothing answered', () => {
    const { total } = loadTestOf()
    const silent = loadTestOf({
      intervals: [intervalOf(0, { api: undefined, worker: undefined, nodes: undefined, backlogMessages: undefined })],
      total: { ...total, latencyMs: undefined },
      drainSeconds: null,
    })
    const html = page(silent, findingsOf(silent, OBJECTIVES))
    assert.ok(html.includes('No worker was measured.'))
    assert.ok(html.includes('<dt>drained after</dt><dd>never</dd>'))
    assert.ok(!/NaN|undefined|Infinity/.test(html))
  })
})
