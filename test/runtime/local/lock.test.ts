import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runningPid, takeLock } from '../../../runtime/local/lock.ts'

describe('runningPid', () => {
  it('is that of the run that has the lock, while it lives', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lock-'))
    const file = join(folder, 'running.json')
    assert.equal(runningPid(file), undefined)
    writeFileSync(file, JSON.stringify({ pid: 4711, started: 'yesterday' }))
    assert.equal(
      runningPid(file, () => 'yesterday'),
      4711,
    )
    assert.equal(
      runningPid(file, () => 'today'),
      undefined,
    )
    rmSync(folder, { recursive: true })
  })
})

describe('takeLock', () => {
  let folder: string
  let file: string
  /** The processes of the machine: when each was started. */
  let processes: Map<number, string>
  const start = (pid: number): string | undefined => processes.get(pid)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'))
    file = join(folder, 'running.json')
    processes = new Map([[process.pid, 'today']])
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const held = (record: object): void => writeFileSync(file, JSON.stringify({ members: [], ...record }))

  it('refuses while the other run lives, and says its pid', () => {
    processes.set(4711, 'yesterday')
    held({ pid: 4711, started: 'yesterday' })
    assert.throws(() => takeLock(file, start), /is already active: pid 4711 .*TRACARDI_HOME/)
  })

  it('takes over from a run that is gone', () => {
    held({ pid: 4711, started: 'yesterday' })
    takeLock(file, start)
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).pid, process.pid)
  })

  it('is not fooled by another process with the same pid', () => {
    processes.set(4711, 'today')
    held({ pid: 4711, started: 'yesterday' })
    assert.deepEqual(takeLock(file, start).leftovers, [])
  })

  it('takes over a file that a crash left empty', () => {
    writeFileSync(file, '')
    assert.deepEqual(takeLock(file, start).leftovers, [])
  })

  it('reports the servers that a killed run left running, and keeps them noted until they are replaced', () => {
    processes.set(5, 'yesterday').set(6, 'today')
    const pulsar = { name: 'Pulsar', pid: 5, started: 'yesterday' }
    held({ pid: 4711, started: 'x', members: [pulsar, { name: 'API', pid: 6, started: 'yesterday' }] })
    assert.deepEqual(takeLock(file, start).leftovers, [pulsar])
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).members, [pulsar])
  })

  it('notes what is started, each name once', () => {
    processes.set(7, 'now').set(8, 'later')
    const lock = takeLock(file, start)
    lock.note('API', 7)
    lock.note('API', 8)
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).members, [{ name: 'API', pid: 8, started: 'later' }])
  })

  it('is free after release', () => {
    takeLock(file, start).release()
    assert.equal(existsSync(file), false)
    takeLock(file, start).release()
  })
})
