import assert from 'node:assert/strict'
import { compare, NumberSet } from '../../runtime/load-test/comparison.ts'
import { storedIds } from '../../runtime/load-test/documents.ts'
import { type LoadTest, readLoadTest } from '../../runtime/load-test/record.ts'
import { indicesOf } from '../../runtime/names.ts'
import { cli } from './cli.ts'
import { Pipeline } from './pipeline.ts'

describe('a load test', () => {
  let pipeline: Pipeline
  const runLoadTest = async (...flags: string[]): Promise<LoadTest> => {
    const metrics = `${pipeline.privateUrl},${pipeline.workerPrivateUrl}`
    const load = ['--events-per-second', '150', '--duration', '10s', '--target', pipeline.publicUrl]
    const { code, output } = await cli(
      pipeline.env,
      'load-test',
      ...load,
      '--metrics',
      metrics,
      '--record',
      '-',
      ...flags,
    )
    assert.equal(code, 0, output)
    return readLoadTest(output)
  }
  const indices = () => indicesOf(pipeline.config)

  before(async () => {
    pipeline = await Pipeline.create('load-test', { BULK_TIMEOUT_SECONDS: '0.5' })
    await pipeline.startApi()
    await pipeline.startWorker()
  })
  after(() => pipeline.close())

  it('measures the platform, and finds every event that got a 200 stored once; then what is lost or there twice', async () => {
    const { run, total, comparison, intervals, sizes, notes } = await runLoadTest()
    assert.ok(total.events > 500)
    assert.deepEqual(comparison, {
      accepted: total.events,
      stored: total.events,
      lost: 0,
      twice: 0,
      storedWithout200: 0,
      examples: { lost: [], twice: [] },
    })
    assert.deepEqual(notes, [])
    const load = intervals.filter(({ phase }) => phase !== 'drain')
    assert.ok(load.length >= 5)
    for (const { api, worker, nodes, backlogMessages } of load)
      assert.ok(api && worker && nodes && backlogMessages !== undefined)
    assert.ok((sizes.overheadBytesPerEvent ?? 0) > 200 && (sizes.stateBytes ?? 0) > 200)

    const { search } = pipeline
    // The probe of a load test is stored, too, and no comparison counts it.
    const query = { term: { 'properties.loadTest': run } }
    const found = await search.search<object>({ index: `${indices().event}-*`, size: 2, query })
    const [lost, twice] = found.hits.hits
    await search.delete({ index: lost?._index ?? '', id: lost?._id ?? '' })
    await search.create({ index: `${indices().event}-1999-01`, id: twice?._id ?? '', document: twice?._source ?? {} })
    const accepted = new NumberSet()
    for (let number = 0; number < total.events; number += 1) accepted.add(number)
    const { lost: lostCount, twice: twiceCount } = await compare(run, accepted, storedIds(search, indices(), run))
    assert.deepEqual([lostCount, twiceCount], [1, 1])
  })

  it('deletes what it has stored when it is asked to, and nothing else', async () => {
    const before = await countOf(pipeline)
    const { comparison } = await runLoadTest('--clean')
    assert.equal(comparison.lost, 0)
    assert.deepEqual(await countOf(pipeline), before)
  })
})

/** Events, sessions and profiles that are stored. */
async function countOf({ search, config }: Pipeline): Promise<readonly number[]> {
  const { event, session, profile } = indicesOf(config)
  const names = [`${event}-*`, session, profile]
  await search.indices.refresh({ index: names })
  return Promise.all(names.map(async (index) => (await search.count({ index })).count))
}
