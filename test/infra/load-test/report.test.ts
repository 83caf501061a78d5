import assert from 'node:assert/strict'
import { chartsOf } from '../../../infra/load-test/charts.ts'
import { findingsOf } from '../../../infra/load-test/findings.ts'
import { page } from '../../../infra/load-test/page.ts'
import { flushReasons, textReport } from '../../../infra/load-test/text-report.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { api, intervalOf, intervalsOf, loadTestOf, worker } from './cases.ts'

const OBJECTIVES = { p99Ms: 1000 }

describe('the charts of a load test', () => {
  const intervals = [
    intervalOf(0, { phase: 'ramp' }),
    intervalOf(1),
    intervalOf(2, { phase: 'burst', worker: undefined, backlogMessages: undefined }),
    intervalOf(3, { phase: 'burst' }),
    intervalOf(4, { phase: 'drain' }),
  ]
  const { asked } = loadTestOf()
  const charts = chartsOf({ intervals, asked: { ...asked, seconds: 4 } })

  it('have a value at the end of each interval, and a gap where there is none', () => {
    const [throughput, , backlog] = charts
    assert.deepEqual(throughput?.at, [1, 2, 3, 4, 5])
    assert.deepEqual(
      throughput?.lines.map(({ name, values }) => [name, values]),
      [
        ['sent', [1000, 1000, 1000, 1000, null]],
        ['stored', [1000, 1000, null, 1000, 1000]],
      ],
    )
    assert.deepEqual(backlog?.lines[0]?.values, [40, 40, null, 40, 40])
  })

  it('shade what is not the plateau, adjacent intervals of one phase together', () => {
    assert.deepEqual(charts[0]?.spans, [
      { name: 'ramp', from: 0, to: 1 },
      { name: 'burst', from: 2, to: 4 },
      { name: 'drain', from: 4, to: 5 },
    ])
  })

  it('mark the limit of a core', () => {
    assert.deepEqual(
      charts.map(({ limit }) => limit?.value),
      [undefined, undefined, undefined, 90],
    )
  })
})

describe('the report', () => {
  const assertWords = sentencesOf('the report of a load test')

  it('counts bulks by flush reason, the most frequent first', () => {
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

  it('is a text that says whether the load was held, with what, what was at its limit and what to change', () => {
    const held = loadTestOf()
    const full = loadTestOf({ intervals: intervalsOf(30, { api: { ...api, cores: [0.95] } }), drainSeconds: null })
    for (const loadTest of [held, full]) {
      assertWords(textReport(loadTest, findingsOf(loadTest, OBJECTIVES)).split('\n'))
    }
  })

  it('is a page that needs nothing else, in which no text is markup', () => {
    const loadTest = loadTestOf({ notes: ['<script>alert(1)</script>'] })
    const html = page(loadTest, findingsOf(loadTest, OBJECTIVES))
    assert.doesNotMatch(html, /<link|\bsrc=|@import|url\(/)
    assert.ok(html.includes('&lt;script>alert(1)'))
    const scripts = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
    assert.equal(scripts.length, 3)
    assert.equal(JSON.parse(scripts[0] ?? '').length, 4)
    assert.doesNotMatch(scripts[0] ?? '', /</)
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
    assert.doesNotMatch(html.replace(/<script>[\s\S]*?<\/script>/g, ''), /NaN|undefined|Infinity/)
  })
})
