import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { autoCreateIndexSetting, type Config } from '../../runtime/config.ts'
import { bulkSender, type ItemResult } from '../../runtime/search/bulk.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { callText, eventLines } from '../../runtime/search/documents.ts'
import { IndexKeeper } from '../../runtime/search/index-keeper.ts'
import { setUpSearch } from '../../runtime/search/index-set-up.ts'
import { IndexWatch } from '../../runtime/search/index-watch.ts'
import { judgedSender } from '../../runtime/search/judge.ts'
import { ShardMap } from '../../runtime/search/shard-map.ts'
import { type Template, templatesOf } from '../../runtime/search/templates.ts'
import { silentLog } from '../support/log.ts'
import { configFor } from './servers.ts'
import { addUsers } from './users.ts'

const NOW = Date.parse('2026-11-28T12:00:00Z')

/** What set-up, workers and operators do to templates and indices, on a real Elasticsearch. */
describe('templates and indices of Elasticsearch', () => {
  let config: Config
  let client: Client
  let november: string
  let alias: string
  let december: string
  let suite = 0
  let worker: ReturnType<typeof workerOf>

  beforeEach(async () => {
    suite += 1
    config = configFor(`indices-${suite}`, { ELASTIC_INDEX_SHARDS: '2' })
    client = searchClient(config)
    alias = `${config.indexPrefix}-event`
    november = `${alias}-2026-11`
    december = `${alias}-2026-12`
    worker = workerOf(client, config)
    await setUpSearch(client, config, NOW)
  })
  afterEach(async () => {
    await client.indices.deleteIndexTemplate({ name: 'theirs' }, { ignore: [404] })
    await client.close()
  })

  /** What a worker has for its indices. */
  function workerOf(of: Client, its: Config) {
    let counts: Readonly<Record<string, number>> = {}
    const keeper = new IndexKeeper({
      client: of,
      config: its,
      sendBulk: bulkSender(of, 2000),
      onMade: () => undefined,
      nowMs: Date.now,
    })
    const watch = new IndexWatch({
      client: of,
      config: its,
      keeper,
      shards: new ShardMap({ client: of, ensure: keeper.ensure, log: silentLog, nowMs: Date.now }),
      log: silentLog,
      nowMs: () => NOW,
      sleep: async () => undefined,
      report: (reported) => {
        counts = reported
      },
    })
    return {
      watch,
      /** Sends an event; answers `stored`, or the type of the fault. */
      store: async (id: string, index: string): Promise<string> => {
        await keeper.ensure(index)
        const call = callText({ ingest: new Date(NOW).toISOString(), source: { id: 's' } })
        const [result] = await keeper.sendBulk(Buffer.from(eventLines(index, { id, type: 'a', name: 'A' }, call)))
        return answerOf(result)
      },
      /** The troubles after a check. */
      troubles: async (): Promise<Record<string, number>> => {
        await watch.check()
        return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
      },
    }
  }
  const answerOf = (result: ItemResult | undefined) =>
    result && 'fault' in result ? result.fault.type : String(result?.outcome)

  async function stateOf(index: string) {
    const { mappings, settings, aliases } = (await client.indices.get({ index }))[index] ?? {}
    const id = mappings?.properties?.['id']
    return [mappings?.dynamic, id?.type, settings?.index?.number_of_shards, Object.keys(aliases ?? {})]
  }
  const right = (shards = '2') => ['strict', 'keyword', shards, [alias]]
  /** A template without the times of its changes. */
  async function templateOf(name: string) {
    const found = await client.indices.getIndexTemplate({ name }, { ignore: [404] })
    const { created_date_millis, modified_date_millis, ...template } = (found.index_templates?.[0]?.index_template ??
      {}) as Record<string, unknown>
    return template
  }
  const deleteTemplates = async (...kinds: string[]) => {
    for (const kind of kinds) await client.indices.deleteIndexTemplate({ name: `${config.indexPrefix}-${kind}` })
  }

  it('finds its own templates as it wrote them', async () => {
    const steps = await setUpSearch(client, config, NOW)
    assert.deepEqual(
      steps.map(({ state }) => state),
      ['exists', 'exists', 'exists', 'exists'],
    )
    assert.deepEqual(await worker.troubles(), {})
  })

  it('makes a new index right when its template was deleted before, and writes the template again', async () => {
    const before = await templateOf(alias)
    await deleteTemplates('event')
    assert.equal(await worker.store('e1', november), 'stored')
    assert.deepEqual(await stateOf(november), right())
    assert.deepEqual(await worker.troubles(), {})
    assert.deepEqual(await templateOf(alias), before)
  })

  it('makes an index again when it and all templates are deleted together', async () => {
    assert.equal(await worker.store('e1', november), 'stored')
    await deleteTemplates('event', 'session', 'profile', 'no-auto-create')
    await client.indices.delete({ index: november })
    assert.equal(await worker.store('e2', november), 'index_not_found_exception')
    assert.equal(await worker.store('e2', november), 'stored')
    assert.deepEqual(await stateOf(november), right())
  })

  it('lets no document make an index, where the server does not forbid it and one template is gone', async () => {
    const setting = (value: string | null) =>
      client.cluster.putSettings({ persistent: { 'action.auto_create_index': value } })
    await setting('true')
    try {
      assert.equal(await worker.store('e1', november), 'stored')
      await deleteTemplates('event')
      await client.indices.delete({ index: november })
      assert.equal(await worker.store('e2', november), 'index_not_found_exception')
      assert.equal(await worker.store('e2', november), 'stored')
      assert.deepEqual(await stateOf(november), right())
    } finally {
      await setting(null)
    }
  })

  it('cannot create one of our indices on our servers, by action.auto_create_index, but can create others', async () => {
    const setting = (value: string | null) =>
      client.cluster.putSettings({ persistent: { 'action.auto_create_index': value } })
    await deleteTemplates('event', 'no-auto-create')
    await setting(autoCreateIndexSetting(config.indexPrefix))
    try {
      const sent = (index: string) =>
        bulkSender(client, 2000)(Buffer.from(`{"create":{"_index":"${index}"}}\n{"a":1}\n`))
      const other = `${config.indexPrefix}_other`
      assert.deepEqual((await sent(november)).map(answerOf), ['index_not_found_exception'])
      assert.deepEqual((await sent(other)).map(answerOf), ['stored'])
    } finally {
      await setting(null)
    }
  })

  it('stores what a worker of an older release sends, as long as the template exists', async () => {
    const call = callText({ ingest: new Date(NOW).toISOString(), source: { id: 's' } })
    const lines = Buffer.from(eventLines(november, { id: 'e1', type: 'a', name: 'A' }, call))
    await deleteTemplates('event')
    const [waits] = await judgedSender(bulkSender(client, 2000))(lines)
    assert.deepEqual([waits?.outcome, answerOf(waits)], ['retry', 'index_not_found_exception'])
    assert.deepEqual(await worker.troubles(), {})
    assert.deepEqual((await bulkSender(client, 2000)(lines)).map(answerOf), ['stored'])
    assert.deepEqual(await stateOf(november), right())
  })

  it('keeps mapping and alias of a new index although another template applies, and names that one', async () => {
    const body = {
      settings: { number_of_shards: 1 },
      mappings: { dynamic: true, properties: { id: { type: 'text' } } },
    }
    await client.indices.putIndexTemplate({
      name: 'theirs',
      index_patterns: [`${alias}*`],
      priority: 900,
      template: body as never,
    })
    assert.equal(await worker.store('e1', november), 'stored')
    assert.deepEqual(await stateOf(november), right())
    assert.deepEqual(await worker.troubles(), { template_outranked: 1 })
    assert.match(worker.watch.fault() ?? '', / theirs with priority 900 /)
    const [step] = (await setUpSearch(client, config, NOW)).filter(({ state }) => state === 'differs')
    assert.equal(step?.code, 'template_outranked')
  })

  it('keeps events back while an index cannot be made, reports it, and stores them when it can', async () => {
    const limit = (shards: number | null) =>
      client.cluster.putSettings({ persistent: { 'cluster.max_shards_per_node': shards } })
    await limit(1)
    try {
      assert.equal(await worker.store('e1', december), 'index_not_made')
      assert.deepEqual(await worker.troubles(), { index_not_made: 1 })
      assert.match(worker.watch.fault() ?? '', /validation_exception/)
    } finally {
      await limit(null)
    }
    assert.deepEqual(await worker.troubles(), {})
    assert.equal(await worker.store('e1', december), 'stored')
    assert.deepEqual(await stateOf(december), right())
  })

  it('adds an alias that was removed by hand', async () => {
    await worker.store('e1', november)
    await client.indices.deleteAlias({ index: november, name: alias })
    assert.deepEqual(await worker.troubles(), {})
    assert.deepEqual(await stateOf(november), right())
    await client.indices.refresh({ index: november })
    assert.equal((await client.count({ index: alias })).count, 1)
  })

  it('writes a template again that was changed by hand, and leaves one that set-up wrote with other shards', async () => {
    const before = await templateOf(alias)
    await client.indices.putIndexTemplate({
      name: alias,
      index_patterns: [`${alias}-*`],
      priority: 500,
      template: { mappings: { dynamic: true } as never },
      _meta: before['_meta'] as never,
    })
    assert.equal(await worker.store('e1', november), 'stored')
    assert.deepEqual(await stateOf(november), right())
    assert.deepEqual(await worker.troubles(), {})
    assert.deepEqual(await templateOf(alias), before)

    await setUpSearch(client, { ...config, indexShards: 4 }, NOW)
    assert.deepEqual(await worker.troubles(), {})
    assert.equal(await worker.store('e2', december), 'stored')
    assert.deepEqual(await stateOf(december), right('4'))
  })

  it('reports a guessed mapping and its field, and gives it no alias', async () => {
    await deleteTemplates('event', 'no-auto-create')
    await client.indices.create({ index: november })
    await client.index({ index: november, document: { id: 'e0', properties: { price: 17 } } })
    assert.deepEqual(await worker.troubles(), { mapping_guessed: 1 })
    assert.match(worker.watch.fault() ?? '', /\[properties\]|\[id\]/)
    assert.deepEqual((await stateOf(november))[3], [])
    const [step] = (await setUpSearch(client, config, NOW)).filter(({ code }) => code?.startsWith('mapping'))
    assert.deepEqual([step?.what, step?.state, step?.code], [`index ${november}`, 'differs', 'mapping_guessed'])
  })

  it('says of an index that a clock ahead made early that it keeps its shards', async () => {
    await worker.store('e1', december)
    const grown = { ...config, indexShards: 3 }
    const codes = (await setUpSearch(client, grown, NOW)).filter(({ state }) => state === 'differs')
    assert.deepEqual(
      codes.map(({ what, code }) => [what, code]),
      [[`index ${december}`, 'shards_kept_early']],
    )
    const begun = await setUpSearch(client, grown, NOW + 5 * 24 * 3600 * 1000)
    assert.deepEqual(
      begun.filter(({ state }) => state === 'differs').map(({ code }) => code),
      ['shards_kept'],
    )
    assert.deepEqual(await stateOf(december), right())
  })

  describe('with an index that a release before this one has made', () => {
    /** As that release made it: every field with index and doc values, the settings of Elasticsearch. */
    async function makeOldIndex(): Promise<void> {
      const keyword = { type: 'keyword', ignore_above: 512 } as const
      const flattened = { type: 'flattened', depth_limit: 20, ignore_above: 1024 } as const
      const { mappings } = (templatesOf(config)[0] as Template).body.template
      const old = { id: keyword, name: keyword, properties: flattened, context: flattened }
      // The template would add its settings.
      await deleteTemplates('event')
      await client.indices.create({
        index: november,
        settings: { index: { number_of_shards: '2', number_of_replicas: '0' } },
        mappings: { ...mappings, properties: { ...mappings.properties, ...old } } as never,
        aliases: { [alias]: {} },
      })
    }
    const fieldOf = async (index: string, name: string) =>
      (await client.indices.getMapping({ index }))[index]?.mappings.properties?.[name]
    const settingsOf = async (index: string) => {
      const { refresh_interval, codec } = (await client.indices.getSettings({ index }))[index]?.settings?.index ?? {}
      return [refresh_interval, codec]
    }
    /** What set-up says of indices. */
    const stepsOf = async (its = config) =>
      (await setUpSearch(client, its, NOW))
        .filter(({ what }) => what.startsWith('index ') && !what.startsWith('index template'))
        .map(({ what, state, code }) => [what.replace('index ', ''), state, code])
    const countOf = async (index: string) => {
      await client.indices.refresh({ index })
      return (await client.count({ index })).count
    }

    it('leaves its fields as they are, reports no trouble, and gives the next index the new ones', async () => {
      await makeOldIndex()
      assert.equal(await worker.store('e1', november), 'stored')
      assert.deepEqual(await worker.troubles(), {})
      const kept = [november, 'differs', 'codec_kept']
      assert.deepEqual(await stepsOf(), [kept, [november, 'updated', undefined]])
      assert.deepEqual(await stepsOf(), [kept])
      assert.deepEqual(await worker.troubles(), {})
      const old = await fieldOf(november, 'properties')
      assert.deepEqual(old, { type: 'flattened', ignore_above: 1024 })

      assert.equal(await worker.store('e2', november), 'stored')
      assert.equal(await worker.store('e3', december), 'stored')
      assert.deepEqual(await fieldOf(december, 'properties'), { ...old, doc_values: false })
      assert.equal(await countOf(alias), 3)
    })

    it('makes its mapping strict again without touching its fields', async () => {
      await makeOldIndex()
      await client.indices.putMapping({ index: november, dynamic: false })
      assert.deepEqual(await worker.troubles(), {})
      assert.deepEqual(await stateOf(november), right())
      assert.deepEqual(await fieldOf(november, 'name'), { type: 'keyword', ignore_above: 512 })
    })

    it('gives it the refresh interval, and the next one the codec, and says so', async () => {
      await makeOldIndex()
      const wanted = { ...config, indexRefreshSeconds: 30 }
      const kept = [november, 'differs', 'codec_kept']
      assert.deepEqual(await stepsOf(wanted), [kept, [november, 'updated', undefined]])
      assert.deepEqual(await stepsOf(wanted), [kept])
      assert.deepEqual(await settingsOf(november), ['30s', undefined])
      assert.equal(await worker.store('e1', december), 'stored')
      assert.deepEqual(await settingsOf(december), ['30s', 'best_compression'])
      assert.deepEqual(await worker.troubles(), {})
    })

    it('says which index lacks doc values that are wanted now', async () => {
      assert.equal(await worker.store('e1', november), 'stored')
      const wanted = { ...config, flattenedDocValues: true }
      assert.deepEqual(await stepsOf(wanted), [[november, 'differs', 'doc_values_lacking']])
      assert.equal(await worker.store('e2', december), 'stored')
      assert.deepEqual(await stepsOf(wanted), [[november, 'differs', 'doc_values_lacking']])

      await client.indices.refresh({ index: alias })
      const terms = { field: 'properties.page' }
      const { hits, _shards } = await client.search({ index: alias, aggs: { by: { terms } } })
      assert.deepEqual([hits.hits.map(({ _index }) => _index), _shards.failed], [[december], 2])
    })

    it('continues where it is read-only, reports no trouble, and keeps what is in it', async () => {
      await makeOldIndex()
      assert.equal(await worker.store('e1', november), 'stored')
      const kept = [november, 'differs', 'codec_kept']
      const readOnly = (value: boolean | null) =>
        client.indices.putSettings({ index: november, settings: { 'index.blocks.read_only': value } as never })
      await readOnly(true)
      try {
        assert.deepEqual(await stepsOf(), [kept, [november, 'differs', 'refresh_kept']])
        assert.deepEqual(await worker.troubles(), {})
      } finally {
        await readOnly(null)
      }
      assert.deepEqual(await stepsOf(), [kept, [november, 'updated', undefined]])
      assert.equal(await countOf(alias), 1)
    })
  })

  describe('with a user', () => {
    const monitor = ['monitor']
    const on = (...privileges: string[]) => [{ names: ['indices_*'], privileges }]
    const roles = {
      all_rights: {
        cluster: ['monitor', 'manage_index_templates'],
        indices: on('create_index', 'read', 'write', 'view_index_metadata', 'monitor', 'manage'),
      },
      no_repair: { cluster: monitor, indices: on('create_index', 'read', 'write', 'view_index_metadata') },
      only_write: { cluster: monitor, indices: on('read', 'write') },
    }
    type Role = keyof typeof roles

    before(() => addUsers(roles))

    async function withRole<Result>(role: Role, run: (one: ReturnType<typeof workerOf>) => Promise<Result>) {
      const its = configFor(`indices-${suite}`, { ELASTIC_INDEX_SHARDS: '2', ELASTIC_HTTP_AUTH_USERNAME: role })
      const limited = searchClient(its)
      try {
        return await run(workerOf(limited, its))
      } finally {
        await limited.close()
      }
    }
    for (const [role, what, stored, troubles] of [
      ['all_rights', 'has the rights that docs/deploy.md lists: all is repaired', 'stored', {}],
      [
        'no_repair',
        'may make indices and not manage them: aliases come from the template alone, and the rest is reported',
        'stored',
        { alias_missing: 2, not_allowed: 3, template_missing: 1 },
      ],
      [
        'only_write',
        'may only write: events are stored in what exists, and the rest is reported',
        'security_exception',
        { not_allowed: 3, template_missing: 1 },
      ],
    ] as const) {
      it(`who ${what}`, async () => {
        await worker.store('e1', november)
        await withRole(role, async (one) => {
          assert.equal(await one.store('e2', november), 'stored')
          assert.equal(await one.store('e3', december), stored)
          if (stored === 'stored') assert.deepEqual(await stateOf(december), right())
          await client.indices.deleteAlias({ index: november, name: alias })
          await deleteTemplates('event')
          assert.equal(await one.store('e4', `${alias}-2027-01`), stored)
          assert.deepEqual(await one.troubles(), troubles)
        })
        if (stored === 'stored') {
          assert.deepEqual((await stateOf(`${alias}-2027-01`)).slice(0, 3), right().slice(0, 3))
        }
        assert.deepEqual((await stateOf(november))[3], role === 'all_rights' ? [alias] : [])
      })
    }
  })

  it('carries the mapping that our templates name', async () => {
    await worker.store('e1', november)
    const found = (await client.indices.getMapping({ index: november }))[november]?.mappings.properties
    const [ours] = templatesOf(config)
    assert.deepEqual(Object.keys(found ?? {}).sort(), Object.keys(ours?.body.template.mappings.properties ?? {}).sort())
  })
})
