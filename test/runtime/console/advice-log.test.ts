import assert from 'node:assert/strict'
import type { Finding } from '../../../runtime/console/advice/rule.ts'
import { type AdviceLog, mergedPast, NOTHING_ADVISED, nextAdvice } from '../../../runtime/console/advice-log.ts'
import type { PastAdvice } from '../../../runtime/console/state.ts'
import { CAUSES, type CauseCode, hiddenBy } from '../../../runtime/telemetry/causes.ts'

const found = (code: CauseCode, more: Partial<Finding> = {}): Finding => ({
  ...{ code, severity: 'act', title: CAUSES[code].title, text: '', where: 'here', facts: {}, commands: [] },
  ...more,
})

/** The log after observations every 2 s, each with what it found. */
function logAfter(...observations: readonly (readonly (CauseCode | Finding)[])[]): AdviceLog {
  return continued(NOTHING_ADVISED, 100_000, ...observations)
}

function continued(
  log: AdviceLog,
  atMs: number,
  ...observations: readonly (readonly (CauseCode | Finding)[])[]
): AdviceLog {
  return observations.reduce<AdviceLog>(
    (last, codes, at) =>
      nextAdvice(
        last,
        codes.map((one) => (typeof one === 'string' ? found(one) : one)),
        atMs + at * 2000,
      ),
    log,
  )
}

const codes = ({ standing }: AdviceLog) => standing.map(({ code }) => code)
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

describe('the advice over time', () => {
  it('knows since when a cause is found, and keeps that', () => {
    const log = logAfter([], ['elasticsearch_away'], ['elasticsearch_away'])
    assert.deepEqual(
      log.standing.map(({ code, sinceMs }) => [code, sinceMs]),
      [['elasticsearch_away', 102_000]],
    )
  })

  it('believes what knows better since when', () => {
    const log = logAfter([found('disk_fills', { sinceMs: 90_000 })], [found('disk_fills', { sinceMs: 91_000 })])
    assert.equal(log.standing[0]?.sinceMs, 90_000)
    assert.equal(logAfter([found('disk_fills', { sinceMs: 200_000 })]).standing[0]?.sinceMs, 100_000)
  })

  it('is without what follows from a deeper cause', () => {
    assert.deepEqual(codes(logAfter(['elasticsearch_away', 'nothing_stored', 'bulks_unanswered'])), [
      'elasticsearch_away',
    ])
  })

  it('is without what followed from a cause that has just gone, and says it when it stays', () => {
    const gone = logAfter(['elasticsearch_away'], ...times(15, ['bulks_unanswered' as const]))
    assert.deepEqual(codes(gone), [])
    assert.deepEqual(codes(continued(gone, 132_000, ['bulks_unanswered'])), ['bulks_unanswered'])
  })

  it('becomes a line of history when it goes, the latest first', () => {
    const { past } = logAfter(['disk_fills'], ['sources_faulty'], [])
    assert.deepEqual(
      past.map(({ code, fromMs, untilMs }) => [code, fromMs, untilMs]),
      [
        ['sources_faulty', 102_000, 104_000],
        ['disk_fills', 100_000, 102_000],
      ],
    )
  })

  it('is one line when it goes for a moment', () => {
    const log = logAfter(['disk_fills'], [], ['disk_fills'])
    assert.deepEqual([log.past, log.standing[0]?.sinceMs], [[], 100_000])
    const later = continued(logAfter(['disk_fills'], []), 140_000, ['disk_fills'])
    assert.deepEqual([later.past.length, later.standing[0]?.sinceMs], [1, 140_000])
  })

  it('ends when it was seen last, where nobody has observed since', () => {
    const { past } = continued(logAfter(['disk_fills']), 600_000, [])
    assert.equal(past[0]?.untilMs, 100_000)
  })

  it('waits with what one late answer looks like', () => {
    assert.deepEqual(codes(logAfter(['instance_silent'], ['instance_silent'])), [])
    assert.deepEqual(codes(logAfter(...times(3, ['instance_silent' as const]))), ['instance_silent'])
    const interrupted = continued(logAfter(['instance_silent'], ['instance_silent']), 600_000, ['instance_silent'])
    assert.deepEqual(codes(interrupted), [])
  })

  it('says of a silent worker that it is silent, and never that there is none', () => {
    for (const count of [1, 2, 3]) {
      const log = logAfter(...times(count, ['instance_silent', 'no_worker'] as const))
      assert.deepEqual(codes(log), count === 3 ? ['instance_silent'] : [])
    }
    assert.deepEqual(codes(logAfter(...times(3, ['no_worker' as const]))), ['no_worker'])
  })

  it('hides nothing by a cause that is not shown yet', () => {
    assert.deepEqual(codes(logAfter(['instance_silent', 'bulks_not_full'])), ['bulks_not_full'])
  })

  it('keeps 50 lines', () => {
    let log = NOTHING_ADVISED
    for (let at = 0; at < 120; at += 1) log = continued(log, at * 60_000, at % 2 === 0 ? ['disk_fills'] : [])
    assert.equal(log.past.length, 50)
  })
})

describe('the causes', () => {
  it('hide only causes that there are, and never one another', () => {
    for (const code of Object.keys(CAUSES) as CauseCode[])
      for (const other of hiddenBy(code)) {
        assert.ok(other in CAUSES, `${code} hides ${other}`)
        assert.ok(!hiddenBy(other as CauseCode).includes(code), `${code} and ${other} hide one another`)
      }
  })
})

describe('the past advice of several APIs', () => {
  const line = (code: CauseCode, fromMs: number, untilMs: number): PastAdvice => {
    return { code, severity: 'act', title: CAUSES[code].title, where: 'here', fromMs, untilMs }
  }
  const times = (lines: readonly PastAdvice[]) => lines.map(({ code, fromMs, untilMs }) => [code, fromMs, untilMs])

  it('is one line where their times overlap, the latest first', () => {
    const lines = [
      line('pulsar_away', 9, 12),
      line('pulsar_away', 1, 4),
      line('pulsar_away', 2, 6),
      line('pulsar_away', 3, 5),
    ]
    const other = line('disk_fills', 2, 7)
    assert.deepEqual(times(mergedPast([...lines, other], [])), [
      ['pulsar_away', 9, 12],
      ['disk_fills', 2, 7],
      ['pulsar_away', 1, 6],
    ])
  })

  it('has no line of a cause that is back', () => {
    const { standing } = logAfter(['pulsar_away'])
    const lines = [line('pulsar_away', 90_000, 99_999), line('pulsar_away', 99_000, 101_000)]
    assert.deepEqual(times(mergedPast(lines.slice(1), standing)), [])
    assert.deepEqual(times(mergedPast(lines.slice(0, 1), standing)), [['pulsar_away', 90_000, 99_999]])
  })

  it('is at most 50 lines', () => {
    const lines = Array.from({ length: 60 }, (_, at) => line('pulsar_away', at * 10, at * 10 + 1))
    assert.equal(mergedPast(lines, []).length, 50)
  })
})
