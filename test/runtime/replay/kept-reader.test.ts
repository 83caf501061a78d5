import assert from 'node:assert/strict'
import type { KeptLedgers } from '../../../runtime/queue/admin.ts'
import type { Position } from '../../../runtime/queue/position.ts'
import { KeptReader } from '../../../runtime/replay/kept-reader.ts'
import { FakeReader, readingOf } from '../../support/fake-reader.ts'

const at = (ledger: number, entry: number): Position => ({ ledger, entry })
const PART = { partition: 'p', first: at(1, 0), last: at(2, 1), entries: 4 }

describe('the reader of what a partition keeps', () => {
  let reader: FakeReader
  let nowMs: number
  let ledgers: KeptLedgers['ledgers']
  let kept: KeptReader

  beforeEach(() => {
    reader = new FakeReader()
    nowMs = 0
    ledgers = [
      { id: 1, entries: 2 },
      { id: 2, entries: 2 },
    ]
    const keptLedgers = async () => ({ ledgers, last: at(2, 1) })
    kept = new KeptReader({ part: PART, reader, keptLedgers, now: () => nowMs })
  })

  /** What it gives, until it has nothing. */
  async function taken(): Promise<string[]> {
    await kept.fetch()
    const positions: string[] = []
    for (let next = kept.take(); next; next = kept.take())
      positions.push(`${next.position.ledger}:${next.position.entry}`)
    return positions
  }

  it('gives what arrives up to the last message, then closes', async () => {
    reader.push(readingOf(at(1, 0), 5), readingOf(at(1, 1), 6), readingOf(at(2, 0), 7))
    assert.deepEqual(await taken(), ['1:0', '1:1', '2:0'])
    assert.equal(kept.takenPublishedAtMs, 7)
    assert.equal(kept.isFinished, false)
    reader.push(readingOf(at(2, 1), 8), readingOf(at(2, 2), 9))
    assert.deepEqual(await taken(), ['2:1'])
    assert.deepEqual([kept.isFinished, kept.deleted, reader.closed], [true, 0, 1])
    await kept.close()
    assert.equal(reader.closed, 1)
  })

  it('does not take a message behind the last one, and ends with it', async () => {
    reader.push(readingOf(at(1, 0)), readingOf(at(3, 0)))
    assert.deepEqual(await taken(), ['1:0'])
    assert.deepEqual([kept.isFinished, kept.deleted], [true, 3])
  })

  it('waits for the rest of the last entry, and counts an entry once', async () => {
    const inside = { ...at(2, 1), isInsideEntry: true } as const
    reader.push(readingOf(at(1, 0)), readingOf(at(1, 1)), readingOf(at(2, 0)), readingOf(inside))
    assert.equal((await taken()).length, 4)
    assert.equal(kept.isFinished, false)
    reader.push(readingOf(at(2, 1)))
    assert.deepEqual(await taken(), ['2:1'])
    assert.deepEqual([kept.isFinished, kept.deleted], [true, 0])
  })

  it('asks after five seconds of silence what is left, and ends where that was deleted', async () => {
    reader.push(readingOf(at(1, 0)))
    assert.deepEqual(await taken(), ['1:0'])
    nowMs += 4999
    ledgers = [{ id: 9, entries: 0 }]
    await kept.fetch()
    assert.equal(kept.isFinished, false)
    nowMs += 1
    await kept.fetch()
    assert.deepEqual([kept.isFinished, kept.deleted], [true, 3])
  })

  it('continues waiting where something is left', async () => {
    nowMs += 5000
    await kept.fetch()
    assert.equal(kept.isFinished, false)
    reader.push(readingOf(at(1, 0)))
    assert.deepEqual(await taken(), ['1:0'])
  })

  it('closes its reader when it is given up', async () => {
    await kept.close()
    assert.equal(reader.closed, 1)
  })
})
