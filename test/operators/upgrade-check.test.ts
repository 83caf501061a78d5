import assert from 'node:assert/strict'
import { join } from 'node:path'
import { snapshotRepository } from '../../runtime/config.ts'
import { Pipeline } from '../contract/pipeline.ts'
import { servers } from '../contract/servers.ts'
import { eventually } from '../support/until.ts'
import { checkUpgrade } from './upgrade-check.ts'

const CHANGES = {
  elasticsearch: { version: '9.2.1' },
  backup: { type: 's3', location: 'snapshots', intervalHours: 4 },
}
const REPOSITORY = snapshotRepository('tracardi')
const INDEX = 'upgrade-check'
const AGAIN = 'make one now: docs/operations.md, "Snapshots"'

/** The snapshot that an upgrade asks for, with those of a real server. */
describe('the check before an upgrade of a real Elasticsearch', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await Pipeline.create('upgrade-check')
  })
  after(async () => {
    await pipeline.search.indices.delete({ index: [INDEX, `${INDEX}-red`], ignore_unavailable: true })
    await pipeline.search.snapshot.delete({ repository: REPOSITORY, snapshot: '*' }, { ignore: [404] })
    await pipeline.search.snapshot.deleteRepository({ name: REPOSITORY }, { ignore: [404] })
    await pipeline.close()
  })

  const refused = async (laterMinutes = 0) => {
    const { status, lines } = await checkUpgrade(CHANGES, laterMinutes)
    assert.equal(status, 1, lines.join('\n'))
    return lines.find((line) => line.startsWith('refused: '))
  }

  it('refuses where there is no repository, and no snapshot in it', async () => {
    assert.equal(await refused(), 'refused: the snapshots cannot be listed')
    const location = join(servers().folder, 'snapshots', 'upgrade-check')
    await pipeline.search.snapshot.createRepository({
      name: REPOSITORY,
      repository: { type: 'fs', settings: { location } },
    })
    assert.equal(await refused(), `refused: there is no whole snapshot; ${AGAIN}`)
  })

  it('refuses while an index is red, and then for a snapshot without one of its shards', async () => {
    const { indices, snapshot } = pipeline.search
    await indices.create({ index: INDEX, settings: { number_of_replicas: 0 } })
    const nowhere = { 'index.number_of_replicas': 0, 'index.routing.allocation.include._name': 'nobody' }
    await indices.create({ index: `${INDEX}-red`, settings: nowhere, wait_for_active_shards: 0, timeout: '1s' })
    assert.equal(
      await refused(),
      'refused: Elasticsearch is red, with 0 initializing, 0 relocating and 1 unassigned shards; the next restart could make it red',
    )
    const made = await snapshot.create({
      repository: REPOSITORY,
      snapshot: 'part',
      ...{ indices: `${INDEX}*`, partial: true, wait_for_completion: true },
    })
    assert.equal(made.snapshot?.state, 'PARTIAL')
    await indices.delete({ index: `${INDEX}-red` })
    await eventually(async () => (await pipeline.search.cluster.health()).status === 'green')
    assert.equal(await refused(), `refused: there is no whole snapshot; ${AGAIN}`)
  })

  it('passes with a whole snapshot, until it is older than one and a half intervals', async () => {
    const made = await pipeline.search.snapshot.create({
      repository: REPOSITORY,
      snapshot: 'whole',
      ...{ indices: `${INDEX}*`, wait_for_completion: true },
    })
    assert.equal(made.snapshot?.state, 'SUCCESS')
    const { status, lines } = await checkUpgrade(CHANGES)
    assert.equal(status, 0, lines.join('\n'))
    assert.equal(lines.at(-1), 'the newest whole snapshot is 0 minutes old')
    assert.equal((await checkUpgrade(CHANGES, 359)).status, 0)
    assert.match(
      (await refused(361)) ?? '',
      /^refused: the newest whole snapshot is 36[12] minutes old, and one is made every 4 hours; make one now/,
    )
  })
})
