import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DeadLetterView, ExportedLetters } from '../../runtime/console/dead-letters.ts'
import { topicsOf } from '../../runtime/names.ts'
import { connectQueue } from '../../runtime/queue/connect.ts'
import { silentLog } from '../support/log.ts'
import { SIGNED_IN } from '../support/private.ts'
import { eventually } from '../support/until.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'
import { servers } from './servers.ts'

describe('dead letters as work', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await Pipeline.create('letters', { PULSAR_PARTITIONS: '1' })
    await pipeline.startApi()
  })
  after(() => pipeline?.close())

  /** Publishes letters as a worker does, and as nobody should. */
  const publish = async (...letters: readonly { payload: Buffer; properties: Record<string, string> }[]) => {
    const transport = await connectQueue(pipeline.config, pipeline.admin, silentLog)
    const topic = topicsOf(pipeline.config).deadLetters
    const producer = await transport.openProducer({ topic, sendTimeoutMs: 30_000 }, () => undefined)
    for (const letter of letters) await producer.send(letter)
    await producer.close()
    await transport.close()
    await eventually(async () => (await pipeline.deadLetters()) === letters.length)
  }
  const letterOf = (source: string, type: string) => {
    const lines = `{"create":{"_index":"e","_id":"${type}"}}\n${JSON.stringify({ type, source: { id: source } })}\n`
    const sizes = { v: '1', n: '1', s: '0', b: String(lines.length), t: '1' }
    const metadata = { fault: 'mapping', reason: 'no', status: '400', message_id: 'm' }
    return { payload: Buffer.from(lines), properties: { ...sizes, ...metadata } }
  }
  const odd = [
    { payload: Buffer.from([0xff, 0x00, 0x0a]), properties: { fault: 'foreign', status: 'NaN', other: 'ä\n' } },
    { payload: Buffer.alloc(0), properties: {} },
    { payload: Buffer.alloc(600_000, 'x'), properties: { fault: 'foreign' } },
  ]
  const post = async <T>(path: string, body: object): Promise<T> => {
    const response = await fetch(`${pipeline.privateUrl}/console/dead-letters/${path}`, {
      method: 'POST',
      headers: { ...SIGNED_IN, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 200)
    return (await response.json()) as T
  }

  it('are chosen by cause, source and id, replayed, exported and dropped, odd ones among them', async () => {
    await publish(letterOf('shop', 'buy'), ...odd, letterOf('blog', 'view'), letterOf('shop', 'view'))
    const look = async (query = '') =>
      (await (await pipeline.operate(`/console/dead-letters?${query}`)).json()) as DeadLetterView
    const seen = await look()
    assert.deepEqual([seen.read, seen.counts.fault[0]], [6, { name: 'mapping', count: 3 }])
    const [fromBlog] = (await look('source=blog')).deadLetters
    assert.deepEqual(await post('replay', { ids: [fromBlog?.id] }), { replayed: 1, refused: 0 })
    await eventually(async () => (await pipeline.deadLetters()) === 5 && (await pipeline.backlog()) === 1)
    assert.deepEqual(await post('replay', { source: 'shop', type: 'buy' }), { replayed: 1, refused: 0 })

    const { ids, lines } = await post<ExportedLetters>('export', { fault: 'foreign' })
    const exported = lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      [exported[0].base64, exported[0].properties.other, exported[1].lines.length],
      ['/wAK', 'ä\n', 600_000],
    )
    assert.deepEqual(await post('drop', { ids }), { dropped: 2 })
    await eventually(async () => (await pipeline.deadLetters()) === 2)
    assert.deepEqual(
      (await look()).deadLetters.map(({ fault, type }) => [fault, type]),
      [
        ['unknown', ''],
        ['mapping', 'view'],
      ],
    )
    await post('drop', { ids: (await post<ExportedLetters>('export', {})).ids })
    await eventually(async () => (await pipeline.deadLetters()) === 0)
  })

  it('are the same work for the command', async () => {
    await publish(letterOf('shop', 'buy'), ...odd, letterOf('blog', 'view'))
    const run = (...args: string[]) => cli(pipeline.env, 'dead-letters', ...args)
    const list = await run('list', '--json', '--source', 'blog')
    const { id } = JSON.parse(list.output)
    assert.match(
      (await run('list', '--payload')).output,
      /mapping +shop +buy +1\n[\s\S]*Waiting: 5 dead letters; shown: 5\.\n$/,
    )
    assert.match((await run('drop')).errors, /^command_invalid: nothing chooses dead letters; use --id/)
    assert.equal(
      (await run('drop', '--fault', 'foreign')).output,
      '2 dead letters would be dropped. --apply exports and drops them.\n',
    )
    assert.equal(await pipeline.deadLetters(), 5)
    const file = join(servers().folder, 'dropped.jsonl')
    const dropped = await run('drop', '--fault', 'foreign', '--apply', '--export', file)
    assert.equal(dropped.output, `2 dead letters dropped. They are in ${file}.\n`)
    assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 2)
    await eventually(async () => (await pipeline.deadLetters()) === 3)
    assert.equal((await run('drop', '--all', '--apply', '--export', file)).code, 1)
    assert.equal(await pipeline.deadLetters(), 3)
    assert.match((await run('replay', '--id', id)).output, /^1 dead letters published again\./)
    await eventually(async () => (await pipeline.deadLetters()) === 2)
    assert.equal(
      (await run('drop', '--all', '--apply', '--no-export')).output,
      '2 dead letters dropped. They are gone.\n',
    )
    await eventually(async () => (await pipeline.deadLetters()) === 0)
  })
})
