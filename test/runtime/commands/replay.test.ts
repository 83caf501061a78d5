import assert from 'node:assert/strict'
import { exitCodeOf, type ReplayFlags, replayOptions, reportLines } from '../../../runtime/commands/replay.ts'
import { AppError } from '../../../runtime/errors.ts'
import type { ReplayReport } from '../../../runtime/replay/replay.ts'

const NOW_MS = Date.parse('2026-11-28T12:00:00Z')
const FLAGS: ReplayFlags = { from: '2h', to: 'now', eventsPerSecond: '2000' }

describe('what a replay is asked for', () => {
  const range = (from: string, to = 'now') => {
    const { fromMs, toMs } = replayOptions({ ...FLAGS, from, to }, NOW_MS)
    return [fromMs, toMs].map((timeMs) => (timeMs === undefined ? undefined : new Date(timeMs).toISOString()))
  }

  it('is a time, a time before now, or all that there is', () => {
    assert.deepEqual(range('2h'), ['2026-11-28T10:00:00.000Z', undefined])
    assert.deepEqual(range('90s', '1s'), ['2026-11-28T11:58:30.000Z', '2026-11-28T11:59:59.000Z'])
    assert.deepEqual(range('2026-11-28T06:00+01:00', '2026-11-28T06:00'), [
      '2026-11-28T05:00:00.000Z',
      '2026-11-28T06:00:00.000Z',
    ])
    assert.deepEqual(range('2026-11-28'), ['2026-11-28T00:00:00.000Z', undefined])
    assert.deepEqual(range('earliest'), [undefined, undefined])
    assert.equal(replayOptions({ ...FLAGS, eventsPerSecond: '1000000' }, NOW_MS).eventsPerSecond, 1_000_000)
  })

  /** How many faults an input has. */
  function faults(flags: Partial<ReplayFlags>): number {
    try {
      replayOptions({ ...FLAGS, ...flags }, NOW_MS)
      return 0
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === 'command_invalid')
      return (error.context['faults'] as readonly string[]).length
    }
  }

  it('is refused with all faults together', () => {
    for (const from of ['', '2', 'yesterday', '2026-02-30T00:00Z', '2026-11-28T12:01Z', '-1h', 'now'])
      assert.equal(faults({ from }), 1, from)
    assert.equal(faults({ to: 'earliest' }), 1)
    for (const eventsPerSecond of ['0', '-1', '1.5', '1e3', '1000001', ''])
      assert.equal(faults({ eventsPerSecond }), 1, eventsPerSecond)
    assert.equal(faults({ from: '1h', to: '2h' }), 1)
    assert.equal(faults({ from: '1h', to: '1h' }), 1)
    assert.equal(faults({ from: 'x', to: 'y', eventsPerSecond: 'z' }), 3)
  })
})

const REPORT: ReplayReport = {
  finished: true,
  messages: 10,
  stored: 900,
  duplicates: 90,
  conflicts: 0,
  erased: 0,
  deadLetters: 0,
  newer: 0,
  deleted: 0,
  keptSinceMs: NOW_MS - 7_200_000,
  resumeMs: undefined,
  seconds: 5,
}

describe('the end of a replay', () => {
  const options = replayOptions(FLAGS, NOW_MS)
  const codeOf = (changes: Partial<ReplayReport>, from = FLAGS.from) =>
    exitCodeOf({ ...REPORT, ...changes }, replayOptions({ ...FLAGS, from }, NOW_MS))

  it('has exit code 0 for the whole requested time, with dead letters or without', () => {
    assert.equal(codeOf({}), 0)
    assert.equal(codeOf({ deadLetters: 3, conflicts: 2 }), 0)
    assert.equal(codeOf({ keptSinceMs: undefined }, 'earliest'), 0)
  })

  it('has exit code 2 when some of it is not kept, was deleted meanwhile, or is of a newer version', () => {
    assert.equal(codeOf({ keptSinceMs: NOW_MS - 7_199_999 }), 2)
    assert.equal(codeOf({ keptSinceMs: undefined }), 2)
    assert.equal(codeOf({ deleted: 1 }), 2)
    assert.equal(codeOf({ newer: 1 }), 2)
  })

  it('has exit code 130 when it was stopped', () => {
    assert.equal(codeOf({ finished: false, newer: 1 }), 130)
  })

  const lines = (changes: Partial<ReplayReport>, of = options) => reportLines({ ...REPORT, ...changes }, of)

  it('reports what was done, and a line for each thing that was not', () => {
    assert.deepEqual(lines({}), [
      '10 messages read in 5 s: 900 events stored, 90 were already stored, 0 conflicts, 0 dead letters.',
    ])
    const all = { conflicts: 1, erased: 1, deleted: 1, newer: 1, keptSinceMs: undefined, finished: false }
    assert.equal(lines(all).length, 7)
    assert.match(lines({ keptSinceMs: NOW_MS }).at(1) ?? '', /since 2026-11-28T12:00:00.000Z/)
  })

  it('reports how to continue: not before what was asked for, and to the same end', () => {
    const goOn = (resumeMs: number | undefined, flags: ReplayFlags) =>
      lines({ finished: false, resumeMs }, replayOptions(flags, NOW_MS)).at(-1)?.split('replay ').at(-1)
    assert.equal(goOn(NOW_MS - 60_000, FLAGS), '--from 2026-11-28T11:59:00.000Z')
    assert.equal(goOn(NOW_MS - 9_000_000, FLAGS), '--from 2026-11-28T10:00:00.000Z')
    assert.equal(goOn(undefined, FLAGS), '--from 2026-11-28T10:00:00.000Z')
    assert.equal(goOn(undefined, { ...FLAGS, from: 'earliest' }), '--from earliest')
    assert.equal(
      goOn(NOW_MS - 60_000, { ...FLAGS, to: '30s' }),
      '--from 2026-11-28T11:59:00.000Z --to 2026-11-28T11:59:30.000Z',
    )
  })
})
