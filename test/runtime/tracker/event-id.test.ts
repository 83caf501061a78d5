import assert from 'node:assert/strict'
import { validate, version } from 'uuid'
import { partitionTimeMs } from '../../../runtime/search/indices.ts'
import { eventIds, timeOfId } from '../../../runtime/tracker/event-id.ts'

const NOW_MS = Date.parse('2026-11-23T12:00:00.123Z')
const random = (bytes: Uint8Array) =>
  bytes.forEach((_, index) => {
    bytes[index] = 0xf0 + index
  })

describe('ids of events', () => {
  it('are UUIDs of version 7', () => {
    const id = eventIds(random)(NOW_MS)
    assert.equal(id, '01a20846-fe7b-7000-80f1-f2f3f4f5f6f7')
    assert.ok(validate(id))
    assert.equal(version(id), 7)
  })

  it('contain their time, for the library and the API', () => {
    const id = eventIds(random)(NOW_MS)
    assert.equal(timeOfId(id), NOW_MS)
    assert.equal(partitionTimeMs(id, NOW_MS + 1000, 60_000), NOW_MS)
  })

  it('sort in the order in which they were made, within a millisecond and when the clock goes back', () => {
    const next = eventIds(random)
    const made = [...Array.from({ length: 5000 }, () => next(NOW_MS)), next(NOW_MS - 1000), next(NOW_MS + 2)]
    assert.deepEqual([...made].sort(), made)
    assert.equal(new Set(made).size, made.length)
    assert.equal(timeOfId(made[4095] as string), NOW_MS)
    assert.equal(timeOfId(made[4096] as string), NOW_MS + 1)
    assert.equal(timeOfId(made.at(-1) as string), NOW_MS + 2)
  })

  it('carry 60 random bits', () => {
    const tails = [0, 0xff].map((byte) => eventIds((bytes) => void bytes.fill(byte))(NOW_MS).slice(19))
    assert.deepEqual(tails, ['8000-000000000000', '8fff-ffffffffffff'])
  })
})
