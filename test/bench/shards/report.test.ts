import assert from 'node:assert/strict'
import { judgeShards } from '../../../bench/shards/goals.ts'
import { shardChart, shardGoalTable, shardTable } from '../../../bench/shards/report.ts'
import { type ShardOutcome, shardSummaries } from '../../../bench/shards/summary.ts'

function outcome(
  shards: number,
  name: string,
  eventsPerSecond: number,
  elasticsearch: number,
  more: Partial<ShardOutcome> = {},
): ShardOutcome {
  const cpuMicrosPerEvent = { elasticsearch, generator: 1, elsewhere: 50 }
  return { shards, name, eventsPerSecond, cpuMicrosPerEvent, rssMb: {}, compared: false, ...more }
}

const compared = { compared: true }
const outcomes = [
  outcome(12, 'ceiling, 2 in flight', 30_000, 40),
  outcome(12, 'ceiling, 4 in flight', 32_000, 41),
  outcome(12, 'ceiling by shard, 2 in flight', 62_000, 26),
  outcome(12, 'worker, native', 24_000, 45, { ...compared, rssMb: { worker: 230 } }),
  outcome(12, 'worker, native', 47_000, 28, { rssMb: { worker: 240 } }),
  outcome(12, 'worker, native', 51_000, 30, { rssMb: { worker: 260 } }),
  outcome(12, 'chain', 20_000, 50, compared),
  outcome(12, 'chain', 36_000, 30),
  outcome(12, 'receipt to stored at 10 % load', 3_000, 60, { ...compared, latencyMs: { p50: 150, p99: 300 } }),
  outcome(12, 'receipt to stored at 10 % load', 3_000, 60, { latencyMs: { p50: 140, p99: 310 } }),
  outcome(3, 'ceiling, 2 in flight', 50_000, 25),
  outcome(3, 'worker, native', 51_000, 26),
  outcome(3, 'worker, native', 40_000, 26, compared),
]
const summaries = shardSummaries(outcomes)

describe('the report of what shards cost', () => {
  it('goes from few shards to many, with the best ceiling of each', () => {
    assert.deepEqual(
      summaries.map(({ shards, ceiling }) => [shards, ceiling]),
      [
        [3, 50_000],
        [12, 32_000],
      ],
    )
  })

  it('judges the goals that were measured, next to what the compared programs reach', () => {
    assert.deepEqual(judgeShards(summaries), [
      { what: 'worker of the ceiling, 3 shards', wanted: '≥ 100.0 %', before: '80.0 %', got: '102.0 %', met: true },
      { what: 'worker of the ceiling, 12 shards', wanted: '≥ 150.0 %', before: '75.0 %', got: '153.1 %', met: true },
      {
        what: "worker, 3 → 12 shards: growth of Elasticsearch's CPU for an event",
        wanted: '< 15.0 %',
        before: '73.1 %',
        got: '11.5 %',
        met: true,
      },
      { what: 'chain of the ceiling, 12 shards', wanted: '≥ 110.0 %', before: '62.5 %', got: '112.5 %', met: true },
      {
        what: 'receipt to stored at 10 % load, 12 shards, p50',
        wanted: 'not above before',
        before: '150 ms',
        got: '140 ms',
        met: true,
      },
      {
        what: 'receipt to stored at 10 % load, 12 shards, p99',
        wanted: 'not above before',
        before: '300 ms',
        got: '310 ms',
        met: false,
      },
      {
        what: 'memory of the worker, every number of shards',
        wanted: '< 256 MB',
        before: '230 MB',
        got: '260 MB',
        met: false,
      },
    ])
  })

  it('judges nothing by a comparison where nothing is compared', () => {
    const alone = shardSummaries(outcomes.filter((one) => !one.compared && one.shards === 12))
    assert.deepEqual(
      judgeShards(alone).map(({ what, before }) => [what, before]),
      [
        ['worker of the ceiling, 12 shards', undefined],
        ['chain of the ceiling, 12 shards', undefined],
        ['memory of the worker, every number of shards', undefined],
      ],
    )
  })

  it('shows the compared programs before ours, with shares, the CPU of Elasticsearch and waits', () => {
    const rows = shardTable(summaries)
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      )
    assert.deepEqual(rows[1], [
      '3',
      'worker, native (before)',
      '40,000',
      '40,000–40,000',
      '80 %',
      '26.0',
      '27.0',
      '',
      '',
    ])
    assert.deepEqual(rows[7], ['12', 'worker, native', '49,000', '47,000–51,000', '153 %', '29.0', '30.0', '', '260'])
    assert.deepEqual(rows[11], [
      '12',
      'receipt to stored at 10 % load',
      '3,000',
      '3,000–3,000',
      '',
      '60.0',
      '61.0',
      '140, 310',
      '',
    ])
    assert.match(
      shardGoalTable(judgeShards(summaries)),
      /\| chain of the ceiling, 12 shards +\| ≥ 110\.0 % +\| 62\.5 % +\| 112\.5 % +\| yes \|/,
    )
  })

  it('draws a panel for each number of shards, and one of what an event costs', () => {
    const svg = shardChart(summaries)
    assert.deepEqual(
      [...svg.matchAll(/class="title"[^>]*>([^<]+)</g)].map(([, title]) => title),
      [
        '3 shards: events stored a second (share of Elasticsearch alone)',
        '12 shards: events stored a second (share of Elasticsearch alone)',
        "µs of Elasticsearch's CPU for an event, by shards",
      ],
    )
    assert.deepEqual(
      [...svg.matchAll(/text-anchor="end">([^<]+)<[^>]*><rect class="(\w+)"/g)].map(([, label, kind]) => [label, kind]),
      [
        ['ceiling, 2 in flight', 'other'],
        ['worker, native (before)', 'other'],
        ['worker, native', 'ours'],
        ['ceiling, 4 in flight', 'other'],
        ['ceiling by shard, 2 in flight', 'other'],
        ['worker, native (before)', 'other'],
        ['worker, native', 'ours'],
        ['chain (before)', 'other'],
        ['chain', 'ours'],
        ['Elasticsearch alone, 3', 'other'],
        ['Elasticsearch alone, 12', 'other'],
        ['worker (before), 3', 'other'],
        ['worker (before), 12', 'other'],
        ['worker, 3', 'ours'],
        ['worker, 12', 'ours'],
      ],
    )
  })

  it('draws all panels of shards by one scale', () => {
    const widths = [...shardChart(summaries).matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width))
    // 62,000 events/s with 12 shards is the longest bar there is.
    assert.equal(widths[4], 360)
    assert.equal(widths[0], Number(((360 * 50_000) / 62_000).toFixed(1)))
  })
})
