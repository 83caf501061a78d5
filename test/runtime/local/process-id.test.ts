import assert from 'node:assert/strict'
import { isAlive, signalGroup, startInStat, startOf } from '../../../runtime/local/process-id.ts'

describe('startOf', () => {
  it('is the same for the same process', () => {
    const started = startOf(process.pid)
    assert.ok(started)
    assert.equal(startOf(process.pid), started)
    assert.equal(isAlive({ pid: process.pid, started }), true)
  })

  it('is nothing for a pid that nobody has', () => {
    // Above the greatest pid that Linux and macOS give out.
    assert.equal(startOf(4_194_305), undefined)
  })
})

describe('startInStat', () => {
  it('reads the 22nd column although the name of the program has blanks and brackets', () => {
    const columns = Array.from({ length: 20 }, (_, index) => `c${index + 3}`)
    assert.equal(startInStat(`1 (a (b) c) ${columns.join(' ')}`), 'c22')
  })
})

describe('signalGroup', () => {
  it('does not mind that the group is gone', () => {
    signalGroup(4_194_305, 'SIGTERM')
  })
})
