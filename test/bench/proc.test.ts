import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { groupMembers, parseBusyMs, parseRssMb, parseStat } from '../../bench/proc.ts'

describe('what /proc reports about a process', () => {
  it('is its group and its CPU time, whatever its name holds', () => {
    const text = '42 (a) name (x) S 7 31 42 0 -1 4194560 5 6 7 8 150 25 0 0 20 0 11 0 999 0 0'
    assert.deepEqual(parseStat(text), { group: 31, cpuMs: 1750 })
  })

  it('is its memory in MB, and none for one without', () => {
    assert.equal(parseRssMb('Name:\tnode\nVmRSS:\t  200000 kB\n'), 204.8)
    assert.equal(parseRssMb('Name:\tkthread\n'), 0)
  })

  it('is for the whole machine what is neither idle nor waiting', () => {
    assert.equal(parseBusyMs('cpu  100 20 30 9000 800 5 6 0 0 0\ncpu0 1 1 1 1 1 1 1\n'), 1610)
  })

  it('finds this process in its own group', () => {
    const { group } = parseStat(readFileSync('/proc/self/stat', 'utf8'))
    assert.ok(groupMembers(group).includes(process.pid))
  })
})
