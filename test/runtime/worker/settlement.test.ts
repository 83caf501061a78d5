import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type InFlightMessage, Settlement } from '../../../runtime/worker/settlement.ts'
import { recordingLog } from '../../support/log.ts'
import { deliveryOf } from '../../support/messages.ts'

describe('Settlement', () => {
  let acknowledged: string[]
  let released: string[]
  let counted: InFlightMessage[]
  let acknowledgementFails: boolean
  let logged: ReturnType<typeof recordingLog>
  let settlement: Settlement

  beforeEach(() => {
    acknowledged = []
    released = []
    counted = []
    acknowledgementFails = false
    logged = recordingLog()
    settlement = new Settlement({
      acknowledge: async (id) => {
        if (acknowledgementFails) throw new Error('connection lost')
        acknowledged.push(id.toString())
      },
      negativeAcknowledge: (id) => released.push(id.toString()),
      onAcknowledged: (message) => counted.push(message),
      log: logged.log,
    })
  })

  /** Each operation ends once, in any order and in any groups. */
  const endings = fc
    .array(fc.record({ isGivenBack: fc.boolean(), at: fc.nat() }), { minLength: 1, maxLength: 30 })
    .map((all) => all.map((one, position) => ({ ...one, position })).sort((a, b) => a.at - b.at))

  it('acknowledges a message once when each operation is settled, and releases it once when any was returned', async () => {
    await fc.assert(
      fc.asyncProperty(endings, async (all) => {
        acknowledged = []
        released = []
        const delivery = deliveryOf('m1', ['a'])
        const message = settlement.begin(delivery, 1, all.length)
        for (const [number, { isGivenBack, position }] of all.entries()) {
          assert.deepEqual([acknowledged, released], [[], []], `decided after ${number} of ${all.length}`)
          const owned = { message, positions: [position] }
          if (isGivenBack) settlement.giveBack(owned)
          else await settlement.settle(owned)
        }
        const givenBack = all.filter(({ isGivenBack }) => isGivenBack).map(({ position }) => position)
        assert.deepEqual([acknowledged, released], givenBack.length > 0 ? [[], ['m1']] : [['m1'], []])
        assert.deepEqual(settlement.openPositions(delivery), givenBack.length > 0 ? new Set(givenBack) : undefined)
      }),
      { seed: 20261128 },
    )
  })

  it('frees the lines of a message with its last operation, and not before', async () => {
    for (const end of ['settle', 'giveBack'] as const) {
      const delivery = { ...deliveryOf('m1', ['a']), payload: Buffer.allocUnsafeSlow(20) }
      const message = settlement.begin(delivery, 1, 2)
      await settlement.settle({ message, positions: [0] })
      assert.equal(delivery.payload.length, 20)
      await settlement[end]({ message, positions: [1] })
      assert.equal(delivery.payload.length, 0)
    }
  })

  it('settles several operations together', async () => {
    const message = settlement.begin(deliveryOf('m1', ['a']), 1, 5)
    await settlement.settle({ message, positions: [0, 2, 4] })
    assert.deepEqual(acknowledged, [])
    await settlement.settle({ message, positions: [1, 3] })
    assert.deepEqual([acknowledged, counted], [['m1'], [message]])
  })

  it('acknowledges a message without operations immediately', () => {
    settlement.begin(deliveryOf('m1', []), 1, 0)
    assert.deepEqual(acknowledged, ['m1'])
  })

  it('forgets the open operations once the message is redelivered', () => {
    const delivery = deliveryOf('m1', ['a'])
    settlement.giveBack({ message: settlement.begin(delivery, 1, 3), positions: [1, 2] })
    assert.equal(settlement.openPositions(delivery), undefined)
    settlement.giveBack({ message: settlement.begin(delivery, 1, 2), positions: [1, 2] })
    assert.deepEqual(settlement.openPositions(delivery), new Set([1, 2]))
    settlement.begin(delivery, 1, 2)
    assert.equal(settlement.openPositions(delivery), undefined)
  })

  it('does not take another message for the one returned, although it has the same position', () => {
    const delivery = deliveryOf('m1', ['a'])
    settlement.giveBack({ message: settlement.begin(delivery, 1, 1), positions: [0] })
    assert.equal(settlement.openPositions({ ...delivery, publishedAtMs: delivery.publishedAtMs + 1 }), undefined)
    assert.equal(settlement.openPositions({ ...delivery, payload: Buffer.alloc(1) }), undefined)
    assert.equal(settlement.openPositions({ ...delivery, id: 'm2' }), undefined)
  })

  it('remembers the last 10,000 messages returned', () => {
    const deliveries = Array.from({ length: 10_001 }, (_, number) => deliveryOf(`m${number}`, ['a']))
    for (const delivery of deliveries)
      settlement.giveBack({ message: settlement.begin(delivery, 1, 1), positions: [0] })
    assert.deepEqual(
      [0, 1, 10_000].map((number) => settlement.openPositions(deliveries[number] as never)?.size),
      [undefined, 1, 1],
    )
  })

  it('continues when an acknowledgement fails: Pulsar delivers the message again', async () => {
    acknowledgementFails = true
    await settlement.settle({ message: settlement.begin(deliveryOf('m1', ['a']), 1, 1), positions: [0] })
    assert.deepEqual(
      logged.lines.map(({ message_id: id }) => id),
      ['m1'],
    )
  })
})
