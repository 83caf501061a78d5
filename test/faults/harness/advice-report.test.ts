import assert from 'node:assert/strict'
import { adviceFaults, adviceRows, adviceTable, type FaultTime } from '../advice-report.ts'

const time = (fault: string, beganMs: number, endedMs: number, more: Partial<FaultTime> = {}): FaultTime => ({
  fault,
  expected: { any: ['elasticsearch_away'], also: ['bulks_unanswered'] },
  beganMs,
  endedMs,
  isHeld: true,
  ...more,
})
const adviceOf = (code: string) => ({ code, text: `the text of ${code}` })
const shown = (...moments: readonly (readonly [number, ...string[]])[]) =>
  moments.map(([atMs, ...codes]) => ({ atMs, advice: codes.map(adviceOf) }))

describe('the report of what the console said of each fault', () => {
  it('has which advice was shown after how long, and when it had gone', () => {
    const times = [time('down', 1000, 11_000)]
    const seen = shown([1500], [4000, 'elasticsearch_away'], [15_000, 'elasticsearch_away', 'dead_letters'], [16_000])
    const rows = adviceRows(seen, times)
    assert.deepEqual(rows, [
      { fault: 'down', advice: 'elasticsearch_away', shownAfterMs: 3000, goneAfterMs: 4000, wrong: [] },
    ])
    assert.deepEqual(adviceFaults(rows, times), [])
    assert.equal(
      adviceTable(rows),
      [
        '| fault | advice | shown after s | gone after s | wrong advice |',
        '| --- | --- | ---: | ---: | --- |',
        '| down | `elasticsearch_away` | 3.0 | 4.0 | 0 |',
      ].join('\n'),
    )
  })

  it('finds what nothing explains, and what stays for more than 30 s', () => {
    const times = [time('down', 0, 10_000)]
    const rows = adviceRows(shown([5000, 'elasticsearch_away', 'backlog_grows'], [40_001, 'bulks_unanswered']), times)
    assert.deepEqual(rows[0]?.wrong, [adviceOf('backlog_grows'), adviceOf('bulks_unanswered')])
    assert.deepEqual(adviceFaults(rows, times), [
      'down: the console showed backlog_grows, which is wrong or more than 30 s late (the text of backlog_grows)',
      'down: the console showed bulks_unanswered, which is wrong or more than 30 s late (the text of bulks_unanswered)',
    ])
    assert.match(adviceTable(rows), /\| backlog_grows, bulks_unanswered \|$/)
  })

  it('allows what the fault before explains for 30 s', () => {
    const other = { expected: { any: ['no_worker'], also: [] } } as const
    const times = [time('down', 0, 10_000), time('killed', 12_000, 60_000, other)]
    const seen = shown([5000, 'elasticsearch_away'], [39_000, 'elasticsearch_away'], [41_000, 'elasticsearch_away'])
    const rows = adviceRows(seen, times)
    assert.deepEqual(
      rows.map(({ wrong, goneAfterMs }) => [wrong, goneAfterMs]),
      [
        [[], 0],
        [[adviceOf('elasticsearch_away')], undefined],
      ],
    )
  })

  it('misses advice only of a fault that lasted until it should have been shown', () => {
    const missing = (more: Partial<FaultTime>) => {
      const times = [time('down', 0, 10_000, more)]
      return adviceFaults(adviceRows([], times), times)
    }
    assert.deepEqual(missing({}), ['down: the console showed none of elasticsearch_away'])
    assert.deepEqual(missing({ isHeld: false }), [])
    assert.deepEqual(missing({ expected: { any: [], also: [] } }), [])
    assert.match(adviceTable(adviceRows([], [time('down', 0, 1)])), /\| down \| none \| – \| – \| 0 \|$/)
  })
})
