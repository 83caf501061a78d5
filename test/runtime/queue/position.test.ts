import assert from 'node:assert/strict'
import fc from 'fast-check'
import { comparePositions, decodePosition, encodePosition } from '../../../runtime/queue/position.ts'

describe('a position', () => {
  it('is a message id of Pulsar, as bytes', () => {
    // MessageIdData of PulsarApi.proto: ledgerId 300, entryId 5.
    assert.equal(encodePosition({ ledger: 300, entry: 5 }).toString('hex'), '08ac021005')
    assert.deepEqual(decodePosition(Buffer.from('08ac021005', 'hex')), { ledger: 300, entry: 5 })
  })

  it('comes back from its bytes, also before the first entry', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -1, max: 2 ** 31 }), (ledger, entry) => {
        assert.deepEqual(decodePosition(encodePosition({ ledger, entry })), { ledger, entry })
      }),
    )
  })

  it('reports whether further messages of its entry follow: partition 3, the first and the last of a batch of two', () => {
    assert.deepEqual(decodePosition(Buffer.from('0801100218032000' + '3002', 'hex')), {
      ledger: 1,
      entry: 2,
      isInsideEntry: true,
    })
    assert.deepEqual(decodePosition(Buffer.from('0801100218032001' + '3002', 'hex')), { ledger: 1, entry: 2 })
  })

  it('is none of other bytes', () => {
    for (const bytes of ['', '0801', '1a0101', 'ff'])
      assert.throws(() => decodePosition(Buffer.from(bytes, 'hex')), { code: 'queue_unavailable' })
  })

  it('lies before another one of a later entry or ledger', () => {
    const at = (ledger: number, entry: number) => ({ ledger, entry })
    assert.ok(comparePositions(at(1, 9), at(2, 0)) < 0)
    assert.ok(comparePositions(at(2, 1), at(2, 0)) > 0)
    assert.equal(comparePositions(at(2, 1), { ...at(2, 1), isInsideEntry: true }), 0)
  })
})
