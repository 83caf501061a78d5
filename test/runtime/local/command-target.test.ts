import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../runtime/config.ts'
import { startOf } from '../../../runtime/local/child.ts'
import { commandTarget, originOf, type RunChoice } from '../../../runtime/local/command-target.ts'
import { type Home, homeIn } from '../../../runtime/local/home.ts'
import { writeRunRecord } from '../../../runtime/local/run-record.ts'
import { notedRuns, noteRun } from '../../../runtime/local/runs.ts'

const configOf = (port: number) =>
  loadConfig({ PULSAR_HOST: `pulsar://127.0.0.1:${port}`, PRIVATE_TOKEN: `token-${port}`, ELASTIC_INDEX_REPLICAS: '0' })
const urlsOf = (port: number) => ({
  publicUrl: `http://127.0.0.1:${port}`,
  instances: [`http://127.0.0.1:${port + 1}`, `http://127.0.0.1:${port + 2}`],
})

describe('what a command works on', () => {
  let folder: string
  let notes: string
  let said: string[]
  let others: ChildProcess[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'target-'))
    notes = join(folder, 'runs')
    said = []
    others = []
  })
  afterEach(async () => {
    for (const other of others) {
      const ended = once(other, 'exit')
      other.kill('SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true })
  })

  /** A run of a process that lives until the end of the test. */
  async function runAt(port: number): Promise<{ readonly home: Home; readonly pid: number }> {
    const other = spawn('sleep', ['60'])
    others.push(other)
    await once(other, 'spawn')
    const home = homeIn(join(folder, `home-${port}`))
    mkdirSync(home.folder)
    const id = { pid: other.pid as number, started: startOf(other.pid as number) }
    writeFileSync(home.lockFile, JSON.stringify(id))
    mkdirSync(notes, { recursive: true })
    writeFileSync(join(notes, `${id.pid}.json`), JSON.stringify({ ...id, home: home.folder }))
    writeRunRecord(home, configOf(port), urlsOf(port))
    return { home, pid: id.pid }
  }
  const target = (choice: RunChoice = {}, env: Record<string, string> = {}) =>
    commandTarget({ XDG_DATA_HOME: folder, ...env }, (text) => said.push(text), choice, notes)
  const portOf = (choice: RunChoice = {}, env: Record<string, string> = {}) =>
    Number(new URL(target(choice, env).run?.publicUrl ?? 'http://none:1').port)

  it('is the only active run, whatever its folder and ports, and the command says which', async () => {
    const { home, pid } = await runAt(17_585)
    const { env, run } = target({}, { BULK_SIZE: '7' })
    assert.deepEqual(loadConfig(env), { ...configOf(17_585), bulkSize: 7 })
    assert.deepEqual([run?.pid, run?.instances], [pid, urlsOf(17_585).instances])
    assert.deepEqual(said, [`Using the run on this machine at http://127.0.0.1:17585 (pid ${pid}, ${home.folder}).`])
  })

  it('is never one of several that nobody has named', async () => {
    const runs = [await runAt(17_585), await runAt(18_585)].sort((one, other) => one.pid - other.pid)
    const lines = runs.map(({ pid, home }) => `  pid ${pid}, http://127.0.0.1:${home.folder.slice(-5)}, ${home.folder}`)
    assert.throws(() => target(), {
      code: 'run_unclear',
      message: `2 runs are active on this machine, and none is named. Active runs:\n${lines.join('\n')}`,
    })
    assert.deepEqual(said, [])
  })

  it('is the run that is named by pid, folder or public port', async () => {
    const [one, other] = [await runAt(17_585), await runAt(18_585)]
    assert.equal(portOf({ run: String(one.pid) }), 17_585)
    assert.equal(portOf({ run: other.home.folder }), 18_585)
    assert.equal(portOf({ run: '18585' }), 18_585)
    assert.equal(portOf({ run: '18585' }, { PULSAR_HOST: 'pulsar://production:6650' }), 18_585)
    assert.equal(portOf({}, { TRACARDI_HOME: one.home.folder }), 17_585)
  })

  it('is refused where the named run is not active', async () => {
    assert.throws(() => target({ run: '1' }), {
      code: 'run_unclear',
      message: '--run is "1", which is no active run. No run of this user is active.',
    })
    const { pid, home } = await runAt(17_585)
    const elsewhere = join(folder, 'elsewhere')
    assert.throws(() => target({}, { TRACARDI_HOME: elsewhere }), {
      code: 'run_unclear',
      message: `No run is active in ${elsewhere}, which TRACARDI_HOME names. Active runs:\n  pid ${pid}, http://127.0.0.1:17585, ${home.folder}`,
    })
  })

  it('is the run of the listener that the command calls, or no run', async () => {
    await runAt(17_585)
    await runAt(18_585)
    assert.equal(portOf({ url: 'http://localhost:18585/' }), 18_585)
    assert.equal(portOf({ url: 'http://127.0.0.1:17586' }), 17_585)
    assert.equal(target({ url: 'http://production.example.com' }).run, undefined)
    assert.equal(target({ url: 'no URL' }).run, undefined)
  })

  for (const name of ['PULSAR_HOST', 'PULSAR_API', 'ELASTIC_HOST']) {
    it(`is the servers of the environment where ${name} names one`, async () => {
      await runAt(17_585)
      const given = { XDG_DATA_HOME: folder, [name]: 'http://production.example.com:1' }
      assert.deepEqual(target({}, given), { env: given, run: undefined })
      assert.deepEqual(said, [])
    })
  }

  it('is not a run that is gone', async () => {
    const { pid } = await runAt(17_585)
    writeFileSync(join(notes, `${pid}.json`), JSON.stringify({ pid, started: 'before', home: join(folder, 'gone') }))
    writeFileSync(join(notes, '1.json'), '{"pi')
    assert.equal(target().run, undefined)
    assert.deepEqual(readdirSync(notes), [])
  })

  it('is not a run that has not written its record, or whose record cannot be read', async () => {
    const { home, pid } = await runAt(17_585)
    writeFileSync(join(home.run, 'environment.json'), '')
    assert.throws(() => target(), {
      code: 'local_run',
      message: /^The run on this machine \(pid \d+, .*home-17585\) cannot be used: .*JSON.*PULSAR_HOST/,
    })
    rmSync(home.run, { recursive: true })
    assert.throws(() => target(), {
      code: 'local_run',
      message: `The run on this machine (pid ${pid}, ${home.folder}) cannot be used: it is still starting, or stopping. Wait until it reports "Ready".`,
    })
  })
})

describe('the note of a run', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'notes-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('lasts until it is removed', () => {
    const notes = join(folder, 'runs')
    const remove = noteRun(notes, '/home/of/the/run')
    const run = { pid: process.pid, started: startOf(process.pid), home: '/home/of/the/run' }
    assert.deepEqual(notedRuns(notes), [run])
    remove()
    assert.deepEqual(notedRuns(notes), [])
  })

  it('stops no run where it cannot be written', () => {
    writeFileSync(join(folder, 'file'), '')
    noteRun(join(folder, 'file/runs'), '/home')()
    assert.deepEqual(notedRuns(join(folder, 'file/runs')), [])
    assert.equal(existsSync(join(folder, 'file/runs')), false)
  })
})

describe('originOf', () => {
  it('has one name for the loopback, and the port', () => {
    assert.equal(originOf('http://localhost:8585/track'), 'http://127.0.0.1:8585')
    assert.equal(originOf('http://[::1]:8585'), 'http://127.0.0.1:8585')
    assert.equal(originOf('https://events.example.com/'), 'https://events.example.com:443')
    assert.equal(originOf('http://events.example.com/'), 'http://events.example.com:80')
  })
})
