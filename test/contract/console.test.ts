import assert from 'node:assert/strict'
import { v7 as uuidV7 } from 'uuid'
import type { State } from '../../runtime/console/state.ts'
import { eventually } from '../support/until.ts'
import { Pipeline } from './pipeline.ts'

describe('the console of a pipeline', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await Pipeline.create('console', { BULK_TIMEOUT_SECONDS: '0.2', PULSAR_PARTITIONS: '2' })
  })
  after(() => pipeline?.close())

  const state = async (): Promise<State> => (await pipeline.operate('/console/state')).json() as Promise<State>
  const codesNow = async () => (await state()).advice.map(({ code }) => code)

  it('reports what runs, what was refused and why, and replays it once the cause is fixed', async () => {
    await pipeline.makeIndexOfShortValues()
    const text = 'x'.repeat(40_000)
    await pipeline.startApi()
    await eventually(async () => (await codesNow()).includes('instance_silent'))

    await pipeline.startWorker()
    await eventually(async () => !(await codesNow()).includes('instance_silent'))
    const events = ['a', 'b'].map((type) => ({ id: uuidV7(), type, ...(type === 'b' ? { properties: { text } } : {}) }))
    assert.equal((await pipeline.track({ source: { id: 'my-source' }, events })).status, 200)
    await pipeline.untilStored(1)
    await eventually(async () => (await state()).queue.deadLetters === 1)

    // Copies of an index that has just been made take a moment.
    await eventually(async () => (await state()).search.status === 'green')
    const seen = await state()
    assert.deepEqual(
      seen.instances.map(({ program, reason }) => [program, reason]),
      [
        ['api', undefined],
        ['worker', undefined],
      ],
    )
    assert.equal(seen.queue.partitions.length, 2)
    assert.deepEqual(seen.faults, [{ name: 'document_parsing_exception', count: 1 }])
    assert.equal(seen.search.disks.length, 1)

    const shown = (await (await pipeline.operate('/console/dead-letters')).json()) as {
      deadLetters: readonly Record<string, unknown>[]
    }
    assert.partialDeepStrictEqual(shown.deadLetters, [
      { status: 400, fault: 'document_parsing_exception', source: 'my-source', type: 'b', isCut: true },
    ])
    assert.match(String(shown.deadLetters[0]?.['reason']), /failed to parse field \[properties\]/)

    await pipeline.takeLongValues()
    const replay = '/console/dead-letters/replay'
    assert.equal((await fetch(`${pipeline.privateUrl}${replay}`, { method: 'POST' })).status, 401)
    const replayed = await pipeline.operate(replay, 'POST')
    assert.deepEqual(await replayed.json(), { replayed: 1, refused: 0 })
    await pipeline.untilStored(2)
    await eventually(async () => (await state()).queue.deadLetters === 0)
  })
})
