import assert from 'node:assert/strict'
import fc from 'fast-check'
import { v7 as uuidV7 } from 'uuid'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const CALLS = 400
/** Another seed tries other data: `ACCEPTED_SEED=7 npm run test:contract -- -g accepts`. */
const SEED = Number(process.env['ACCEPTED_SEED'] ?? 20_261_122)

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '.',
    '..',
    'a.b',
    '_id',
    '_source',
    '\u0000',
    '\ud800',
    '__proto__',
    'x'.repeat(2000),
    '😀'.repeat(1500),
  ),
)
/** What the API refuses of keys and names is tested where it is refused; here it would only thin out the data. */
const key = text.filter((one) => !one.includes('\0'))
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((one) => one.trim() !== '' && !/\p{Cc}/u.test(one))
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e308, -0, 5e-324, 2 ** 64),
)
const { value: data } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, fc.boolean(), fc.constant(null), number, text, tie('list'), tie('dictionary')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  dictionary: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
}))
const dictionary = fc.dictionary(key, data, { maxKeys: 6 })
const moment = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') })
    .map((date) => date.toISOString()),
  fc.integer({ min: -1e13, max: 1e14 }),
  fc.constantFrom('2026-11-22 13:45:00', '0001-01-01', '9999-12-31T23:59:59.999Z', ''),
)
const event = fc.record(
  {
    type: name,
    time: fc.record({ insert: moment, create: moment, update: moment }, { requiredKeys: [] }),
    properties: dictionary,
    context: dictionary,
    options: dictionary,
    tags: fc.array(name, { maxLength: 4 }),
  },
  { requiredKeys: ['type'] },
)
const call = fc.record(
  {
    session: fc.record({ id: name }),
    profile: fc.record({ id: name }),
    context: dictionary,
    properties: dictionary,
    request: dictionary,
    event,
  },
  { requiredKeys: ['event'] },
)

describe('what the API accepts', () => {
  it('Elasticsearch stores: nothing of it ends among the dead letters', async () => {
    const pipeline = await Pipeline.create('accepted', { BULK_TIMEOUT_SECONDS: '0.2' })
    try {
      await pipeline.startApi()
      await pipeline.startWorker()
      let accepted = 0
      for (const { event: one, ...rest } of fc.sample(call, { numRuns: CALLS, seed: SEED })) {
        const answer = await pipeline.track({
          source: { id: 'my-source' },
          ...rest,
          events: [{ id: uuidV7(), ...one }],
        })
        assert.ok(answer.status === 200 || answer.status === 422, JSON.stringify(answer))
        if (answer.status === 200) accepted += 1
      }
      assert.ok(accepted > CALLS / 2, `only ${accepted} of ${CALLS} calls were accepted`)
      await eventually(async () => (await pipeline.backlog()) === 0)
      const letters: string[] = []
      for (let position = 1; position <= (await pipeline.deadLetters()); position += 1) {
        const topic = `persistent://${pipeline.config.pulsarTenant}/system/functions-tracardi-function-subscription-DLQ`
        letters.push(JSON.stringify(await pipeline.admin.peekProperties(topic, 'dead-letters', position)))
      }
      assert.deepEqual(letters, [])
      assert.equal(await pipeline.count(), accepted)
    } finally {
      await pipeline.close()
    }
  })
})
