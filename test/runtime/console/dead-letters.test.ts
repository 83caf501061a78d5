import assert from 'node:assert/strict'
import { deadLetterDesk } from '../../../runtime/console/dead-letters.ts'
import type { Delivery } from '../../../runtime/queue/port.ts'
import { deadLetterTopic } from '../../support/dead-letter-topic.ts'

/** A desk over these dead letters, whatever they are. */
function deskOf(...letters: readonly (Partial<Delivery> & { readonly text?: string })[]) {
  const { access, consumer, producer } = deadLetterTopic(0)
  const { admin } = deadLetterTopic(letters.length).access
  for (const [index, { text = '', ...letter }] of letters.entries()) {
    consumer.push({ id: `i${index}`, payload: Buffer.from(text), properties: {}, publishedAtMs: 0, ...letter })
  }
  return { desk: deadLetterDesk({ ...access, admin }), consumer, producer }
}

function letterOf(source: string, type: string | undefined, fault = 'mapping') {
  const document = { id: 'a', type, source: { id: source }, session: { id: `session of ${source}` } }
  const action = { create: { _index: 'events', _id: 'a~1' } }
  return { text: `${JSON.stringify(action)}\n${JSON.stringify(document)}\n`, properties: { fault } }
}

describe('the dead-letter desk', () => {
  it('shows why each was refused, what was to be done, and the payload', async () => {
    const { access, consumer } = deadLetterTopic(2)
    const { deadLetters, ...counted } = await deadLetterDesk(access).look()
    assert.deepEqual(
      deadLetters,
      [0, 1].map((number) => ({
        id: String(number),
        failedAt: '2026-11-22T10:00:00.000Z',
        fault: 'mapping',
        reason: `reason ${number}`,
        status: 400,
        ...{ source: '', type: '', session: '' },
        operation: `create ${number} in events`,
        bytes: 43,
        payload: `{"create":{"_index":"events","_id":"${number}"}}\n{}`,
        isCut: false,
      })),
    )
    const [fault, none] = [[{ name: 'mapping', count: 2 }], [{ name: '', count: 2 }]]
    assert.deepEqual(counted, { matching: 2, read: 2, counts: { fault, source: none, type: none } })
    assert.deepEqual(consumer.acknowledged, [])
  })

  it('counts by cause, source and type, and shows those that fit a filter', async () => {
    const { desk } = deskOf(
      letterOf('shop', 'buy'),
      letterOf('shop', 'view', 'depth'),
      letterOf('blog', 'view'),
      letterOf('shop', undefined),
    )
    const { deadLetters, matching, read, counts } = await desk.look({ source: 'shop', fault: 'mapping' })
    assert.deepEqual(
      deadLetters.map(({ id, source, type, session }) => [id, source, type, session]),
      [
        ['i0', 'shop', 'buy', 'session of shop'],
        ['i3', 'shop', '', 'session of shop'],
      ],
    )
    assert.deepEqual([matching, read], [2, 4])
    assert.deepEqual(counts, {
      fault: [
        { name: 'mapping', count: 3 },
        { name: 'depth', count: 1 },
      ],
      source: [
        { name: 'shop', count: 3 },
        { name: 'blog', count: 1 },
      ],
      type: [
        { name: 'view', count: 2 },
        { name: 'buy', count: 1 },
        { name: '', count: 1 },
      ],
    })
  })

  it('shows what it cannot read as it is, but not all of it', async () => {
    for (const text of [
      `{"no": "operation"} ${'x'.repeat(300)}`,
      '{"create":{}}',
      'null\nnull',
      '\n{"source":5,"type":7}',
    ]) {
      const { desk } = deskOf({ text })
      const [row] = (await desk.look()).deadLetters
      assert.equal(row?.operation, text.split('\n')[0]?.slice(0, 300))
      assert.partialDeepStrictEqual(row, { payload: text, source: '', type: '', session: '' })
    }
  })

  it('shows one with odd properties and bytes like any other', async () => {
    const payload = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.alloc(2_000_000, 'x')])
    const { desk } = deskOf({ payload, properties: { status: 'NaN', failed_at: '?' } })
    const odd = '\ufffd\ufffd\ufffd'
    assert.deepEqual((await desk.look()).deadLetters, [
      {
        ...{ id: 'i0', failedAt: '', fault: 'unknown', reason: '', status: 0, source: '', type: '', session: '' },
        ...{ operation: odd + 'x'.repeat(297), bytes: 2_000_003, payload: odd + 'x'.repeat(8189), isCut: true },
      },
    ])
  })

  it('does not parse one of more than 1 MiB, whatever it says', async () => {
    for (const [characters, source] of [
      [1_000_000, 'shop'],
      [1_100_000, ''],
    ] as const) {
      const { desk } = deskOf({ text: `{}\n{"source":{"id":"shop"},"text":"${'x'.repeat(characters)}"}\n` })
      assert.equal((await desk.look()).deadLetters[0]?.source, source)
    }
  })

  it('shows at most 50, and counts all', async () => {
    const { deadLetters, matching } = await deadLetterDesk(deadLetterTopic(60).access).look()
    assert.deepEqual([deadLetters.length, matching], [50, 60])
  })

  it('replays at most 1,000 at a time', async () => {
    const { access, consumer } = deadLetterTopic(1001)
    assert.deepEqual(await deadLetterDesk(access).replay(), { replayed: 1000, refused: 0 })
    assert.equal(consumer.acknowledged.length, 1000)
  })

  it('replays the chosen ones', async () => {
    const letters = [letterOf('shop', 'buy'), letterOf('blog', 'buy'), letterOf('shop', 'view')]
    for (const [filter, acknowledged] of [
      [{ ids: ['i2', 'i1', 'gone'] }, ['i1', 'i2']],
      [{ type: 'buy' }, ['i0', 'i1']],
      [{ type: 'buy', ids: ['i0', 'i2'] }, ['i0']],
    ] as const) {
      const { desk, consumer } = deskOf(...letters)
      assert.deepEqual(await desk.replay(filter), { replayed: acknowledged.length, refused: 0 })
      assert.deepEqual(consumer.acknowledged, acknowledged)
    }
  })

  it('exports the chosen ones, as much as one answer holds, and removes none', async () => {
    const { desk, consumer } = deskOf(letterOf('shop', 'buy'), letterOf('blog', 'buy'))
    const { ids, lines } = await desk.export({ source: 'blog' })
    assert.deepEqual([ids, consumer.acknowledged], [['i1'], []])
    assert.match(lines, /^\{"fault":"mapping",.*\}\n$/)
    assert.equal((await deadLetterDesk(deadLetterTopic(1001).access).export({})).ids.length, 1000)
    const payload = Buffer.alloc(20 * 1024 * 1024, 'x')
    assert.equal((await deskOf({ payload }, { payload }, { payload }).desk.export({})).ids.length, 2)
  })

  it('drops those that are named, and no other', async () => {
    const { desk, consumer } = deskOf(letterOf('shop', 'buy'), letterOf('blog', 'buy'), { text: 'odd' })
    assert.equal(await desk.drop(['i2', 'i0', 'gone']), 2)
    assert.deepEqual(consumer.acknowledged, ['i0', 'i2'])
  })

  it('serves one after another, since a reader hides from the next what it has fetched', async () => {
    const desk = deadLetterDesk(deadLetterTopic(2).access)
    const first = desk.look()
    await assert.rejects(desk.replay(), { code: 'dead_letters_busy' })
    await first
    assert.deepEqual(await desk.replay(), { replayed: 0, refused: 0 })
  })
})
