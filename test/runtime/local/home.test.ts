import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { closedFolder, serverUser } from '../../../runtime/local/child.ts'
import {
  ensureSources,
  homeFolder,
  homeIn,
  prepareHome,
  removeData,
  runningPid,
  takeLock,
} from '../../../runtime/local/home.ts'

describe('homeFolder', () => {
  it('is where the user wants it', () => {
    assert.equal(homeFolder({}, 'here', 0, '/root'), resolve('here'))
  })

  it("is not in root's own home, where the user of the servers may not look", () => {
    assert.equal(homeFolder({}, '', 0, '/root'), '/var/lib/tracardi-at-scale')
  })

  it('is where the desktop keeps data of programs for others', () => {
    assert.equal(homeFolder({}, '', 1000, '/home/me'), '/home/me/.local/share/tracardi-at-scale')
    assert.equal(homeFolder({ XDG_DATA_HOME: '/data' }, '', 1000, '/home/me'), '/data/tracardi-at-scale')
  })
})

describe('the home of a run', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'home-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('gets a first source, and keeps one that exists', () => {
    const home = homeIn(folder)
    ensureSources(home)
    assert.deepEqual(JSON.parse(readFileSync(home.sourcesFile, 'utf8')), {
      'my-source': { name: 'My first source', enabled: true, allowedOrigins: ['*'] },
    })
    writeFileSync(home.sourcesFile, '{}')
    ensureSources(home)
    assert.equal(readFileSync(home.sourcesFile, 'utf8'), '{}')
  })

  it('forgets the data when it begins again, not the servers', () => {
    const home = homeIn(join(folder, 'new'))
    prepareHome(home, undefined)
    writeFileSync(join(home.data, 'topic'), '')
    writeFileSync(join(home.servers, 'pulsar'), '')
    removeData(home)
    assert.equal(existsSync(join(home.data, 'topic')), false)
    assert.equal(existsSync(join(home.servers, 'pulsar')), true)
  })

  it('that cannot be written says what to do', () => {
    writeFileSync(join(folder, 'file'), '')
    assert.throws(() => prepareHome(homeIn(join(folder, 'file')), undefined), /cannot be written: .*Set TRACARDI_HOME/)
  })

  it('that the user of the servers may not enter is refused', () => {
    // `mkdtemp` makes folders that are closed to others.
    assert.throws(
      () => prepareHome(homeIn(folder), { uid: 65534, gid: 65534 }),
      new RegExp(`user 65534, which may not enter ${folder}`),
    )
  })
})

describe('serverUser', () => {
  it('is nobody for root, because Elasticsearch refuses root, and ourselves for others', () => {
    assert.deepEqual(serverUser(0), { uid: 65534, gid: 65534 })
    assert.equal(serverUser(1000), undefined)
  })
})

describe('closedFolder', () => {
  const modes: Record<string, number> = { '/': 0o755, '/root': 0o700, '/root/open': 0o755, '/srv': 0o711 }
  const modeOf = (path: string): number => modes[path] ?? 0o755

  it('finds the folder above that others cannot pass', () => {
    assert.equal(closedFolder('/root/open/data', modeOf), '/root')
  })

  it('is nothing where all can be passed', () => {
    assert.equal(closedFolder('/srv/data', modeOf), undefined)
  })
})

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
