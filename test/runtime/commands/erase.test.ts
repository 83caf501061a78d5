import assert from 'node:assert/strict'
import { type EraseFlags, eraseOptions, reportLines } from '../../../runtime/commands/erase.ts'
import type { ErasureReport } from '../../../runtime/erasure/erase.ts'
import { AppError } from '../../../runtime/errors.ts'

const FLAGS: EraseFlags = { profile: 'p1', by: 'me', documentsPerSecond: '1000' }

describe('the options of an erasure', () => {
  it('are the id without blanks around it, who erases, and the rate', () => {
    const options = eraseOptions({ ...FLAGS, profile: ' p1 ', documentsPerSecond: '5' })
    assert.deepEqual(options, { profileId: 'p1', by: 'me', documentsPerSecond: 5 })
  })

  it('have the user of the process where nobody is named', () => {
    const { by: _, ...flags } = FLAGS
    assert.notEqual(eraseOptions(flags).by, '')
  })

  it('are refused with each fault', () => {
    const faults = (flags: Partial<EraseFlags>): number => {
      try {
        eraseOptions({ ...FLAGS, ...flags })
        return 0
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'command_invalid')
        return error.message.split('\n').length
      }
    }
    for (const profile of ['', '  ', 'a\0b', 'x'.repeat(513)]) assert.equal(faults({ profile }), 1, profile)
    for (const documentsPerSecond of ['0', '-1', '1.5', '1000001', ''])
      assert.equal(faults({ documentsPerSecond }), 1, documentsPerSecond)
    assert.equal(faults({ profile: '', documentsPerSecond: '0' }), 2)
  })
})

describe('the report of an erasure', () => {
  const REPORT: ErasureReport = {
    profile: 'hash',
    finished: true,
    passes: 2,
    events: 10_000,
    sessions: 2,
    profiles: 1,
    deadLetters: 3,
    kept: [],
    deadLettersKept: 0,
  }
  const lines = (changes: Partial<ErasureReport>) => reportLines({ ...REPORT, ...changes })

  it('has what was deleted, without the id', () => {
    assert.deepEqual(lines({}), [
      'Deleted 10,000 events, 2 sessions, 1 profiles and 3 dead letters. The record has it as hash.',
    ])
  })

  it('has a line for each thing that is left, with what to do', () => {
    const kept = [{ index: 'tracardi-event-2020', documents: 7, reason: 'index read-only' }]
    assert.equal(lines({ finished: false, kept, deadLettersKept: 1 }).length, 3)
    assert.match(lines({ finished: false, kept }).at(-1) ?? '', /tracardi-event-2020 .*read-only.* 7 /)
    assert.match(lines({ finished: false }).at(-1) ?? '', /Update all workers/)
  })
})
