import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { v7 as uuidV7 } from 'uuid'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

const CLI = fileURLToPath(new URL('../../runtime/cli.ts', import.meta.url))

interface Line {
  readonly atMs: number
  readonly text: string
}

/** The command as a person runs it, and when it prints what. */
async function tailOf(pipeline: Pipeline, ...args: string[]): Promise<{ child: ChildProcess; lines: Line[] }> {
  const env = { PATH: process.env['PATH'] ?? '', ...pipeline.env }
  const child = spawn(process.execPath, [CLI, 'tail', ...args], { env })
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (text) => lines.push({ atMs: Date.now(), text }))
  for await (const text of createInterface({ input: child.stderr })) if (text.startsWith('Shows ')) break
  return { child, lines }
}

describe('tail', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await Pipeline.create('live', { API_LIVE_EVENTS: 'on', PULSAR_PARTITIONS: '2' })
    await pipeline.startApi()
  })
  after(() => pipeline?.close())

  const call = (source: string, type: string, count = 1) => ({
    source: { id: source },
    session: { id: `session of ${type}` },
    events: Array.from({ length: count }, () => ({ id: uuidV7(), type, properties: { exact: 0.1 } })),
  })

  it('prints an event and a refused call within a second of the call, and ends by Ctrl-C', async () => {
    const { child, lines } = await tailOf(pipeline, '--json', '--payload')
    const sent = call('my-source', 'page-view')
    assert.equal((await pipeline.track(sent)).status, 200)
    const answeredAtMs = Date.now()
    await eventually(async () => lines.length === 1)
    assert.ok((lines[0]?.atMs ?? 0) - answeredAtMs < 1000, 'the event is late')
    const { id, payload } = JSON.parse(lines[0]?.text ?? '')
    assert.deepEqual([id, payload.properties], [sent.events[0]?.id, { exact: 0.1 }])

    assert.equal((await pipeline.track(call('nobody', 'page-view'))).status, 401)
    const refusedAtMs = Date.now()
    await eventually(async () => lines.length === 2)
    assert.ok((lines[1]?.atMs ?? 0) - refusedAtMs < 1000, 'the refused call is late')
    assert.partialDeepStrictEqual(JSON.parse(lines[1]?.text ?? ''), { kind: 'refused', status: 401, source: 'nobody' })

    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  it('shows every event of a rare kind while many others arrive, and samples the rest', async () => {
    const rare = await tailOf(pipeline, '--source', 'other-source', '--type', 'Rare', '--json')
    const all = await tailOf(pipeline, '--json')
    const notes: string[] = []
    if (all.child.stderr) createInterface({ input: all.child.stderr }).on('line', (text) => notes.push(text))
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([
        ...Array.from({ length: 4 }, () => pipeline.track(call('my-source', 'common', 500))),
        pipeline.track(call('other-source', 'rare')),
      ])
    }
    await eventually(async () => rare.lines.length === 20 && notes.some((text) => text.includes('A filter shows more')))
    assert.ok(all.lines.length < 20_000)
    for (const { child } of [rare, all]) {
      child.kill('SIGTERM')
      assert.deepEqual(await once(child, 'exit'), [0, null])
    }
  })

  it('ends with its reader', async () => {
    const { child } = await tailOf(pipeline)
    const exited = once(child, 'exit')
    child.stdout?.destroy()
    // The sample of the test before shows all events again then.
    await sleep(2500)
    assert.equal((await pipeline.track(call('my-source', 'page-view', 5))).status, 200)
    assert.deepEqual(await exited, [0, null])
  })
})
