import assert from 'node:assert/strict'
import { deadLetterDesk } from '../../../runtime/console/dead-letters.ts'
import { deadLetterTopic } from '../../support/dead-letter-topic.ts'

describe('the dead-letter desk', () => {
  it('shows why each was refused, and what was to be done', async () => {
    const { access, consumer } = deadLetterTopic(2)
    assert.deepEqual(
      await deadLetterDesk(access).look(),
      [0, 1].map((number) => ({
        failedAt: '2026-11-22T10:00:00.000Z',
        fault: 'mapping',
        reason: `reason ${number}`,
        status: 400,
        operation: `create ${number} in events`,
      })),
    )
    assert.deepEqual(consumer.acknowledged, [])
  })

  it('shows what it cannot read as it is, but not all of it', async () => {
    for (const payload of [`{"no": "operation"} ${'x'.repeat(300)}`, '{"create":{}}']) {
      const { access, consumer } = deadLetterTopic(0)
      const admin = deadLetterTopic(1).access.admin
      consumer.push({ id: '1', payload: Buffer.from(payload), properties: {}, publishedAtMs: 0 })
      const [row] = await deadLetterDesk({ ...access, admin }).look()
      assert.equal(row?.operation, payload.slice(0, 300))
    }
  })

  it('shows one with odd properties and bytes like any other', async () => {
    const { access, consumer } = deadLetterTopic(0)
    const admin = deadLetterTopic(1).access.admin
    const payload = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.alloc(1_000_000, 'x')])
    consumer.push({ id: '1', payload, properties: { status: 'NaN', failed_at: '?' }, publishedAtMs: 0 })
    assert.deepEqual(await deadLetterDesk({ ...access, admin }).look(), [
      { failedAt: '', fault: 'unknown', reason: '', status: 0, operation: `\ufffd\ufffd\ufffd${'x'.repeat(297)}` },
    ])
  })

  it('shows at most 50', async () => {
    assert.equal((await deadLetterDesk(deadLetterTopic(60).access).look()).length, 50)
  })

  it('replays at most 1,000 at a time', async () => {
    const { access, consumer } = deadLetterTopic(1001)
    assert.equal(await deadLetterDesk(access).replay(), 1000)
    assert.equal(consumer.acknowledged.length, 1000)
  })

  it('serves one after another, since a reader hides from the next what it has fetched', async () => {
    const desk = deadLetterDesk(deadLetterTopic(2).access)
    const first = desk.look()
    await assert.rejects(desk.replay(), { code: 'dead_letters_busy' })
    await first
    assert.equal(await desk.replay(), 0)
  })
})
