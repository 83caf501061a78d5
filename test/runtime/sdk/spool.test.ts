import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Spool } from '../../../runtime/sdk/spool.ts'

const VISITOR = '{"session":{"id":"s"}}'
/** Larger than what this system gives to a process. */
const NO_PROCESS = 2 ** 30

function entry(id: string, text = '') {
  const json = JSON.stringify({ id, type: 't', properties: { text } })
  return { id, visitor: VISITOR, json, bytes: Buffer.byteLength(json), createdMs: 1_795_341_600_000 }
}

describe('the spool', () => {
  let folder: string
  const files = () => readdirSync(folder).filter((name) => name !== 'lock')
  const idsOf = (spool: Spool) => spool.load()?.entries.map(({ id }) => id)
  /** What a process that was killed leaves. */
  const abandon = () => writeFileSync(join(folder, 'lock'), String(NO_PROCESS))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spool-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('gives the next process the events that were not settled, as they were', () => {
    const before = new Spool({ folder })
    before.append(entry('a', 'tab \t, line \n, ü'), true)
    before.append(entry('b'), true)
    before.close()
    const after = new Spool({ folder })
    assert.equal(after.hasMore, true)
    assert.deepEqual(after.load()?.entries, [entry('a', 'tab \t, line \n, ü'), entry('b')])
    assert.equal(after.hasMore, false)
    after.close()
  })

  it('removes a file when the last of its events is settled, and not before', () => {
    const spool = new Spool({ folder })
    const file = spool.append(entry('a'), true)
    assert.equal(spool.append(entry('b'), true), file)
    assert.ok(file)
    spool.settled(file)
    assert.equal(files().length, 1)
    spool.settled(file)
    assert.deepEqual(files(), [])
    spool.append(entry('c'), true)
    assert.deepEqual(files(), ['000000000002.spool'])
    spool.close()
  })

  it('reads what is on disk alone in the order in which it came, while more is written', () => {
    const spool = new Spool({ folder })
    spool.append(entry('in memory'), true)
    spool.append(entry('a'), false)
    spool.append(entry('b'), false)
    assert.deepEqual(idsOf(spool), ['a', 'b'])
    spool.append(entry('c'), false)
    assert.deepEqual([idsOf(spool), idsOf(spool)], [['c'], undefined])
    assert.equal(files().length, 3)
    spool.close()
  })

  it('begins another file after 1 MiB, so that no file takes much memory', () => {
    const spool = new Spool({ folder })
    for (let number = 0; number < 3; number += 1) spool.append(entry(`${number}`, 'x'.repeat(600_000)), false)
    assert.deepEqual(files(), ['000000000001.spool', '000000000002.spool'])
    assert.deepEqual([idsOf(spool), idsOf(spool)], [['0', '1'], ['2']])
    spool.close()
  })

  it('takes no more than its bytes, those of an earlier process included, and again when some are settled', () => {
    const bytes = `1795341600000\t${VISITOR}\t${entry('a').json}\n`.length
    const before = new Spool({ folder, maxBytes: 2 * bytes })
    assert.ok(before.append(entry('a'), false))
    before.close()
    const spool = new Spool({ folder, maxBytes: 2 * bytes })
    assert.ok(spool.append(entry('b'), false))
    assert.equal(spool.append(entry('c'), false), undefined)
    const file = spool.load()?.file
    assert.ok(file)
    spool.settled(file)
    assert.ok(spool.append(entry('c'), false))
    spool.close()
  })

  it('omits a line that a killed process has not finished, and says how many others are damaged', () => {
    const before = new Spool({ folder })
    const path = before.append(entry('a'), true)?.path ?? ''
    before.close()
    const line = readFileSync(path, 'utf8')
    appendFileSync(
      path,
      `1795341600000\tnot json\n${'\0'.repeat(10)}\n${line.replace('"a"', '"b"')}${line.slice(0, -10)}`,
    )
    const spool = new Spool({ folder })
    const loaded = spool.load()
    assert.deepEqual([loaded?.entries.map(({ id }) => id), loaded?.damaged], [['a', 'b'], 2])
    spool.close()
  })

  it('removes a file in which nothing can be read', () => {
    writeFileSync(join(folder, '000000000007.spool'), 'torn')
    const spool = new Spool({ folder })
    assert.deepEqual(idsOf(spool), [])
    assert.deepEqual(files(), [])
    spool.append(entry('a'), true)
    assert.deepEqual(files(), ['000000000008.spool'])
    spool.close()
  })

  it('belongs to one sender at a time: the lock of a process that has ended, or of one before this, is taken over', () => {
    const spool = new Spool({ folder })
    assert.throws(() => new Spool({ folder }), {
      message: `the spool folder "${folder}" is in use by process ${process.pid}: each sender needs its own`,
    })
    spool.close()
    writeFileSync(join(folder, 'lock'), String(process.ppid))
    assert.throws(() => new Spool({ folder }), { message: new RegExp(`in use by process ${process.ppid}:`) })
    abandon()
    new Spool({ folder }).close()
    writeFileSync(join(folder, 'lock'), String(process.pid))
    new Spool({ folder }).close()
  })
})
