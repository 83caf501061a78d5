import assert from 'node:assert/strict'
import { worstBodies } from '../../../bench/worst/bodies.ts'
import { SOURCE_ID, WorstListener } from '../../../bench/worst/listener.ts'
import { SMALLEST_HEAP } from '../../../bench/worst/measure.ts'
import { settings } from '../../../runtime/config.ts'
import { NODE_OPTIONS } from '../../../runtime/local/programs.ts'

const LIMITS = { maxBytes: settings.apiMaxBodyBytes.default, maxValues: settings.apiMaxValues.default }
const TOGETHER = 4
const TOO_MANY = 429

describe('an API with the heap of the smallest pod', function () {
  // Seconds on a machine that does nothing else; what is asserted are the answers.
  this.timeout(90_000)
  let listener: WorstListener
  before(async () => {
    listener = await WorstListener.start([SMALLEST_HEAP, ...NODE_OPTIONS])
  })
  after(() => listener.stop())

  for (const [who, sourceId, answer] of [
    ['a known source', SOURCE_ID, 'known'],
    ['an unknown source', 'nobody', 'unknown'],
  ] as const) {
    it(`answers every worst body of ${who} as it should, several at a time, and holds nothing after`, async () => {
      for (const body of worstBodies({ ...LIMITS, sourceId })) {
        const { heldBytes } = await listener.during(async () => {
          const statuses = await Promise.all(Array.from({ length: TOGETHER }, () => listener.send(body)))
          assert.ok(statuses.includes(body[answer]), `${body.name}: ${statuses}`)
          // Several at a time may be more than the memory for calls.
          for (const status of statuses)
            assert.ok([body[answer], TOO_MANY].includes(status), `${body.name}: ${statuses}`)
        })
        assert.equal(heldBytes, 0, body.name)
        assert.ok(listener.isAlive, body.name)
      }
    })
  }
})
