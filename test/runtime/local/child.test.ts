import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, isAlive, signalGroup, startChild, startInStat, startOf } from '../../../runtime/local/child.ts'
import { untilReady } from '../../../runtime/local/server.ts'

describe('a child', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'child-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const start = (script: string, stopLimitMs = 10_000): Promise<Child> =>
    startChild({
      name: 'Fake',
      program: process.execPath,
      args: ['-e', script],
      cwd: folder,
      env: process.env,
      logFile: join(folder, 'fake.log'),
      stopLimitMs,
    })
  const says = (child: Child, text: string) => async (): Promise<boolean> => child.lastLines(9).includes(text)
  const FOREVER = 'setInterval(() => 0, 1000)'

  it('ends when it is asked to', async () => {
    const child = await start(`process.on('SIGTERM', () => process.exit(7)); console.log('up'); ${FOREVER}`)
    await untilReady(child, says(child, 'up'), 10_000)
    await child.stop()
    assert.deepEqual(await child.exited, { code: 7, signal: null })
  })

  it('is killed when it does not end within the limit', async () => {
    const child = await start(`process.on('SIGTERM', () => 0); console.log('up'); ${FOREVER}`, 50)
    await untilReady(child, says(child, 'up'), 10_000)
    await child.stop()
    assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' })
  })

  it('shows only what it wrote itself, not what the one before wrote to the same log', async () => {
    const first = await start("console.log('first')")
    await first.exited
    const second = await start("console.log('second')")
    await second.exited
    assert.deepEqual(second.lastLines(5), ['second'])
  })

  it('that ends while it is waited for fails with the end of its log', async () => {
    const child = await start("console.error('no such thing'); process.exit(2)")
    await assert.rejects(
      untilReady(child, async () => false, 10_000),
      /Fake ended \(exit code 2\)\.\nThe last lines of .*fake\.log:\n {2}no such thing/,
    )
  })

  it('that is not ready in time is stopped', async () => {
    const child = await start(FOREVER)
    await assert.rejects(
      untilReady(child, async () => false, 0),
      /Fake was not ready after 0 s/,
    )
    assert.equal(child.hasExited(), true)
  })

  it('that cannot be started is an error with the program', async () => {
    const options = { name: 'Fake', args: [], cwd: folder, env: {}, logFile: join(folder, 'x.log'), stopLimitMs: 1 }
    await assert.rejects(startChild({ ...options, program: '/no/such/program' }), {
      code: 'local_run',
      message: 'Fake cannot be started (/no/such/program)',
    })
  })
})

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
