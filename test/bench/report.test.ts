import assert from 'node:assert/strict'
import { chart } from '../../bench/chart.ts'
import { judge } from '../../bench/goals.ts'
import type { Outcome } from '../../bench/line.ts'
import { ceilingOf, summarise } from '../../bench/summary.ts'
import { goalTable, markdown, resultTable } from '../../bench/table.ts'

function outcome(name: string, eventsPerSecond: number, more: Partial<Outcome> = {}): Outcome {
  return { name, eventsPerSecond, cpuMicrosPerEvent: {}, rssMb: {}, ...more }
}

const outcomes = [
  outcome('ceiling, 1 in flight', 30_000),
  outcome('ceiling, 2 in flight', 40_000),
  outcome('worker, native', 35_000, { cpuMicrosPerEvent: { worker: 5, elsewhere: 9 }, rssMb: { worker: 120 } }),
  outcome('ceiling, 2 in flight', 42_000),
  outcome('worker, native', 33_000, { cpuMicrosPerEvent: { worker: 7, elsewhere: 9 }, rssMb: { worker: 260 } }),
  outcome('/track at half load', 10_000, { latencyMs: { p50: 3, p99: 20 } }),
  outcome('ceiling of bulks of 2,000, 2 in flight', 60_000),
]
const summaries = summarise(outcomes)

describe('the report of the bench', () => {
  it('brings the rounds of a line together: medians, and the most memory', () => {
    assert.deepEqual(summaries[2], {
      name: 'worker, native',
      rounds: 2,
      eventsPerSecond: { median: 34_000, low: 33_000, high: 35_000 },
      cpuMicrosPerEvent: { worker: 6, elsewhere: 9 },
      rssMb: { worker: 260 },
    })
    assert.deepEqual(summaries[3]?.latencyMs, { p50: 3, p99: 20 })
  })

  it('compares with the best of the ceilings', () => {
    assert.equal(ceilingOf(summaries)?.eventsPerSecond.median, 41_000)
  })

  it('judges the goals whose lines were measured, and no others', () => {
    assert.deepEqual(judge(summaries), [
      { what: 'worker (native) of the ceiling', wanted: '≥ 85.0 %', got: '82.9 %', met: false },
      { what: 'p99 of /track at half load', wanted: '< 25 ms', got: '20.0 ms', met: true },
      { what: 'memory of the worker', wanted: '< 256 MB', got: '260.0 MB', met: false },
    ])
  })

  it('takes the CPU time of the worker before the null sink as events for each core', () => {
    const sink = [outcome('null sink, native', 100_000, { cpuMicrosPerEvent: { worker: 2, sink: 3 } })]
    assert.deepEqual(judge(summarise(sink)), [
      {
        what: 'null sink for each core of the worker',
        wanted: '≥ 300,000 events/s',
        got: '500,000 events/s',
        met: true,
      },
    ])
  })

  it('shows lines as a table that is aligned', () => {
    assert.equal(
      markdown(['a', 'long'], [['wide cell', 'b']]),
      '| a         | long |\n| --------- | ---- |\n| wide cell | b    |',
    )
    const worker = resultTable(summaries).split('\n')[4] ?? ''
    assert.deepEqual(
      worker.split('|').map((cell) => cell.trim()),
      [
        '',
        'worker, native',
        '34,000',
        '33,000–35,000',
        '83 %',
        '',
        '6.0',
        'worker 6.0, elsewhere 9.0',
        'worker 260',
        '',
      ],
    )
    assert.match(goalTable(judge(summaries)), /\| worker \(native\) of the ceiling \| ≥ 85\.0 % +\| 82\.9 % +\| no +\|/)
  })

  it('shows next to a line of the edge its share of bare Fastify', () => {
    const table = resultTable(
      summarise([outcome('edge, 1 event a call', 3_000), outcome('bare Fastify, 1 event a call', 8_000)]),
    )
    const shares = table.split('\n').map((line) => line.split('|')[5]?.trim())
    assert.deepEqual(shares, ['of Fastify', '-'.repeat('of Fastify'.length), '38 %', ''])
  })

  it('draws the lines that store with the best ceiling alone, ours apart from the others', () => {
    const svg = chart('A "title"', summaries)
    assert.match(svg, /aria-label="A &quot;title&quot;"/)
    assert.match(svg, /prefers-color-scheme: dark/)
    assert.deepEqual(
      [...svg.matchAll(/text-anchor="end">([^<]+)</g)].map((match) => match[1]),
      ['ceiling, 2 in flight', 'worker, native', 'ceiling of bulks of 2,000, 2 in flight'],
    )
    assert.deepEqual(
      [...svg.matchAll(/<rect class="(\w+)"/g)].map((match) => match[1]),
      ['other', 'ours', 'other'],
    )
  })
})
