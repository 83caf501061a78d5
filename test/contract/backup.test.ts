import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { backupRights, programRights } from '../../infra/elasticsearch/users.ts'
import { basic } from '../../runtime/local/credentials.ts'
import { listIndices } from '../../runtime/search/retention.ts'
import { eventually } from '../support/until.ts'
import { cli, cliWith } from './cli.ts'
import { Pipeline } from './pipeline.ts'
import { servers } from './servers.ts'
import { addUsers } from './users.ts'

const FAST = ['--events-per-second', '1000000'] as const

describe('snapshots and their restore', () => {
  let pipeline: Pipeline
  let suite = 0
  let published: string[] = []
  let folder = ''

  beforeEach(async () => {
    suite += 1
    published = []
    folder = join(servers().folder, 'snapshots', `suite-${suite}`)
    pipeline = await Pipeline.create(`backup-${suite}`, {
      PULSAR_PARTITIONS: '3',
      BULK_TIMEOUT_SECONDS: '0.2',
      SNAPSHOT_TYPE: 'fs',
      SNAPSHOT_LOCATION: folder,
    })
    await pipeline.startApi()
  })
  afterEach(() => pipeline.close())

  const run = (...args: string[]) => cli(pipeline.env, ...args)
  const snapshots = async () => JSON.parse((await run('snapshots', 'list', '--json')).output)

  /** Publishes calls of ten events each, whose ids begin with the name. */
  async function publish(name: string, calls: number): Promise<void> {
    const ids = Array.from({ length: calls }, (_, call) =>
      Array.from({ length: 10 }, (_, number) => `${name}-${call}-${number}`),
    )
    const answers = ids.map((some, call) =>
      pipeline.track({
        source: { id: 'my-source' },
        session: { id: `${name}-${call}` },
        profile: { id: `visitor-${call}` },
        properties: { name },
        events: some.map((id) => ({ type: 'page-view', id })),
      }),
    )
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
    published.push(...ids.flat())
  }

  async function storeAll(): Promise<void> {
    await pipeline.startWorker()
    await pipeline.untilStored(published.length)
    await eventually(async () => (await pipeline.backlog()) === 0)
    await pipeline.stopWorker()
  }

  const allIndices = () => listIndices(pipeline.search, pipeline.config)

  async function deleteIndices(): Promise<void> {
    for (const { name } of await allIndices()) await pipeline.search.indices.delete({ index: name })
  }

  /** Every document of sessions and profiles, with its version. */
  async function states(): Promise<readonly unknown[]> {
    const index = [`${pipeline.config.indexPrefix}-session`, `${pipeline.config.indexPrefix}-profile`]
    await pipeline.search.indices.refresh({ index })
    const { hits } = await pipeline.search.search({ index, size: 5000, version: true })
    return hits.hits.map(({ _id, _version, _source }) => [_id, _version, _source])
  }

  /** Every id that got a 200 is stored exactly once, and nothing else is. */
  async function assertExact(): Promise<void> {
    const { code, output } = await cliWith(pipeline.env, published.join('\n'), 'indices', 'check', '-')
    assert.deepEqual(
      [code, output.split('\n')[0]],
      [0, `${published.length} ids: ${published.length} stored, 0 missing, 0 stored twice.`],
    )
    assert.equal(await pipeline.count(), published.length)
  }

  it('bring back every event once, when all indices are deleted while events come', async () => {
    await publish('before', 100)
    await storeAll()
    const taken = await run('snapshots', 'take')
    assert.equal(taken.code, 0, taken.output + taken.errors)
    await publish('after', 50)
    await storeAll()
    const had = await states()
    await deleteIndices()
    // The worker makes the indices again, for new events.
    await pipeline.startWorker()
    await publish('live', 20)
    await pipeline.untilStored(200)
    const dry = await run('restore', '--to', 'latest', '--replace')
    assert.deepEqual(
      [dry.code, dry.output.includes('Nothing was changed. Repeat with --apply.')],
      [0, true],
      dry.errors,
    )
    assert.equal(await pipeline.count(), 200)
    const restoring = run('restore', '--to', 'latest', '--replace', '--apply', ...FAST)
    await publish('during', 20)
    const restored = await restoring
    assert.equal(restored.code, 0, restored.output + restored.errors)
    await pipeline.untilStored(published.length)
    await eventually(async () => (await pipeline.backlog()) === 0)
    await assertExact()
    const has = new Map((await states()).map((state) => [(state as string[])[0], state]))
    for (const state of had) {
      const [id, version] = state as [string, number]
      // Profiles were sent again since then; sessions and their versions are as they were.
      if ((has.get(id) as [string, number])[1] === version) assert.deepEqual(has.get(id), state)
      else assert.ok(id.includes('visitor-'), id)
    }
  })

  it('restore only what is missing without --replace; a repetition fills the gap again', async () => {
    await publish('a', 20)
    await storeAll()
    await run('snapshots', 'take')
    const event = (await allIndices()).find(({ name }) => name.startsWith(pipeline.eventAlias))?.name ?? ''
    await pipeline.search.indices.delete({ index: event })
    const first = await run('restore', '--to', 'latest', '--apply', ...FAST)
    assert.equal(first.code, 0, first.output + first.errors)
    assert.match(first.output, new RegExp(`^To restore: ${event}$`, 'm'))
    await assertExact()
    // As after a restore that was killed during its replay.
    const { hits } = await pipeline.search.search({ index: event, size: 50 })
    for (const { _id } of hits.hits) await pipeline.search.delete({ index: event, id: String(_id) })
    const again = await run('restore', '--to', 'latest', '--apply', ...FAST)
    assert.deepEqual([again.code, again.output.includes('To restore')], [0, false], again.errors)
    await assertExact()
  })

  it('go back to a time, with the events that were published before it', async () => {
    await publish('a', 20)
    await storeAll()
    await run('snapshots', 'take')
    await publish('b', 20)
    const atMs = Date.now() + 1
    const wanted = published.length
    await new Promise((resolve) => setTimeout(resolve, 100))
    await publish('c', 20)
    await storeAll()
    const time = new Date(atMs).toISOString()
    const restored = await run('restore', '--to', time, '--replace', '--apply', ...FAST)
    assert.equal(restored.code, 0, restored.output + restored.errors)
    assert.equal(await pipeline.count(), wanted)
  })

  it('are refused for options that exclude each other, or are wrong, with nothing deleted', async () => {
    await publish('a', 2)
    await storeAll()
    await run('snapshots', 'take')
    const replacing = ['restore', '--to', 'latest', '--replace', '--apply']
    for (const more of [['--keep'], ['--dry-run'], ['--events-per-second', 'many']])
      assert.equal((await run(...replacing, ...more)).code, 1)
    await assertExact()
  })

  it('are refused when files of the repository are gone, with nothing deleted', async () => {
    await publish('a', 10)
    await storeAll()
    await run('snapshots', 'take')
    rmSync(folder, { recursive: true })
    const restored = await run('restore', '--to', 'latest', '--replace', '--apply')
    assert.equal(restored.code, 1)
    await assertExact()
  })

  it('are whole, also one that begins right after another', async () => {
    await publish('a', 5)
    await storeAll()
    for (let at = 0; at < 2; at++) assert.equal((await run('snapshots', 'take')).code, 0)
    assert.deepEqual(
      (await snapshots()).map(({ state, failedShards }: { state: string; failedShards: number }) => [
        state,
        failedShards,
      ]),
      [
        ['SUCCESS', 0],
        ['SUCCESS', 0],
      ],
    )
  })

  it('need the rights that the stack gives to the user of the backup, which API and workers do not have', async () => {
    const prefix = pipeline.config.indexPrefix
    await addUsers({ backup: backupRights(prefix), program: programRights(prefix) })
    const as = (user: string) => ({ ...pipeline.env, ELASTIC_HTTP_AUTH_USERNAME: user })
    await publish('a', 10)
    await storeAll()
    const taken = await cli(as('backup'), 'snapshots', 'take')
    assert.equal(taken.code, 0, taken.output + taken.errors)
    const restored = await cli(as('backup'), 'restore', '--to', 'latest', '--replace', '--apply', ...FAST)
    assert.equal(restored.code, 0, restored.output + restored.errors)
    await assertExact()
    const [{ name }] = await snapshots()
    const { url, password } = servers().elasticsearch
    const asProgram = (method: string, path: string) =>
      fetch(`${url}/_snapshot/${prefix}-snapshots${path}`, {
        method,
        headers: { authorization: basic('program', password) },
      })
    const answers = await Promise.all([
      asProgram('DELETE', `/${name}`),
      asProgram('DELETE', ''),
      asProgram('PUT', '/mine'),
      asProgram('GET', `/${name}`),
    ])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [403, 403, 403, 403],
    )
  })

  it('bring everything back into a new cluster, when every volume of Elasticsearch is lost', async () => {
    await publish('a', 30)
    await storeAll()
    // What was erased before stays erased: Pulsar still keeps its messages, and the replay reads them.
    const fast = { ...pipeline.env, ELASTIC_QUERY_TIMEOUT: '1' }
    assert.equal((await cli(fast, 'erase', '--profile', 'visitor-29')).code, 0)
    published = published.filter((id) => !id.startsWith('a-29-'))
    assert.equal((await run('snapshots', 'take')).code, 0)
    await publish('b', 20)
    await storeAll()
    await publish('waiting', 10)
    await servers().elasticsearch.stop()
    rmSync(join(servers().folder, 'elasticsearch', 'data'), { recursive: true })
    await servers().restartElasticsearch()
    assert.equal((await run('set-up')).code, 0)
    assert.equal(
      (await allIndices()).some(({ name }) => name.startsWith(pipeline.eventAlias)),
      false,
    )
    const restored = await run('restore', '--to', 'latest', '--apply', ...FAST)
    assert.equal(restored.code, 0, restored.output + restored.errors)
    await storeAll()
    await assertExact()
  })

  it('end with an error where a node cannot use the repository', async () => {
    const outside = { ...pipeline.env, SNAPSHOT_LOCATION: '/nowhere/allowed' }
    const { code, errors } = await cli(outside, 'snapshots', 'take')
    assert.equal(code, 1)
    assert.match(errors, /^snapshot_unusable: a node cannot use the repository \/nowhere\/allowed/)
  })
})
