import assert from 'node:assert/strict'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

type Changes = Readonly<Record<string, unknown>>

/**
 * Templates of the pods that run, by name; those of a CronJob are for the next time. A Job has its digest in its name:
 * another one is a Job next to the old one.
 */
async function templatesOf(stack: StackName, changes: Changes): Promise<ReadonlyMap<string, string>> {
  const resources = await registeredBy(changed(stack, changes))
  const templates = podTemplates(resources.filter(({ type }) => !type.endsWith(':CronJob')))
  return new Map(templates.map(({ name, spec, metadata }) => [name, JSON.stringify([spec, metadata])]))
}

const digest = /-[0-9a-f]{8}$/

/** What a change restarts, makes or removes, in the order of their names. */
async function effectsOf(stack: StackName, changes: Changes): Promise<readonly string[]> {
  const [before, after] = [await templatesOf(stack, {}), await templatesOf(stack, changes)]
  const names = [...new Set([...before.keys(), ...after.keys()])]
  const effects = names.flatMap((name) => {
    const plain = name.replace(digest, '')
    if (before.get(name) === after.get(name)) return []
    if (!before.has(name)) return [`+ ${plain}`]
    return [after.has(name) ? plain : `- ${plain}`]
  })
  return effects.sort()
}

const DATA = ['elasticsearch-data-a', 'elasticsearch-data-b', 'elasticsearch-data-c']
const BOOKIES = ['bookkeeper-a', 'bookkeeper-b', 'bookkeeper-c']
const PROGRAMS = ['api', 'worker']
/** The Job that restarts pods of servers is a new one. */
const rolled = (...servers: readonly string[]) =>
  ['+', '-'].flatMap((sign) => servers.map((name) => `${sign} ${name}-roll-out`))
/** The Jobs that empty servers before they go: with other counts, the first is a new one. */
const counted = (servers: string) => [
  `+ ${servers}-drain-before`,
  `- ${servers}-drain-before`,
  `${servers}-drain-after`,
]
const drains = (servers: string) => [`${servers}-drain-after`, `${servers}-drain-before`]
const NEW_SET_UP = ['+ set-up', '- set-up', ...PROGRAMS]

describe('a change of the configuration restarts', () => {
  const cases: readonly (readonly [string, Changes, readonly string[]])[] = [
    ['the workers for a setting that they alone read', { runtime: { BULK_TIMEOUT_SECONDS: 7 } }, ['worker']],
    ['the API for a setting that it alone reads', { runtime: { API_MAX_EVENTS: 10 } }, ['api']],
    ['nothing for a setting that only commands read', { runtime: { EVENT_RETENTION_DAYS: 20 } }, []],
    // No message of the API carries more than one bulk of the workers may have.
    ['the programs for a setting that both read', { runtime: { BULK_SIZE: 501 } }, PROGRAMS],
    ['the programs for their time to end', { runtime: { SHUTDOWN_GRACE_SECONDS: 30 } }, PROGRAMS],
    ['nothing for the sources', { sources: { other: { name: 'Other' } } }, []],
    ['the API for its memory', { api: { memoryMib: 768 } }, ['api']],
    ['nothing for more replicas of the API', { api: { replicas: 5 } }, []],
    ['the API for another token of the operators', { api: { tokenGeneration: 2 } }, ['api']],
    ['nothing for secrets of sources', { sourceSecrets: { 'my-source': ['0123456789abcdef'] } }, []],
    ['nothing for who may read metrics', { platform: { monitoringNamespaces: ['monitoring'] } }, []],
    ['nothing for how the API is exposed', { api: { service: 'LoadBalancer' } }, []],
    ['the API for the address that its canary calls', { api: { ingressHost: 'x.example.com' } }, ['api']],
    ['the workers for their memory', { workers: { memoryMib: 768 } }, ['worker']],
    ['nothing for more workers', { workers: { replicas: 5 } }, []],
    ['the programs and a new set-up for more shards', { runtime: { ELASTIC_INDEX_SHARDS: 2 } }, NEW_SET_UP],
    ['the programs and a new set-up for another codec', { runtime: { ELASTIC_INDEX_CODEC: 'default' } }, NEW_SET_UP],
    [
      'the programs and a new set-up for another refresh interval',
      { runtime: { ELASTIC_REFRESH_INTERVAL_SECONDS: 30 } },
      NEW_SET_UP,
    ],
    ['the programs and a new set-up for doc values', { runtime: { ELASTIC_FLATTENED_DOC_VALUES: true } }, NEW_SET_UP],
    ['the programs and a new set-up for more partitions', { runtime: { PULSAR_PARTITIONS: 20 } }, NEW_SET_UP],
    ['the brokers for their memory', { broker: { memoryMib: 3072 } }, ['broker']],
    ['the brokers for a quorum', { bookkeeper: { ackQuorum: 1 } }, ['broker']],
    [
      'only a new set-up for more brokers',
      { broker: { replicas: 3 }, runtime: { PULSAR_PARTITIONS: 10 } },
      ['+ set-up', '- set-up'],
    ],
    [
      'the brokers for rights, and asks for none then',
      { pulsar: { authorization: false } },
      ['- pulsar-permissions', 'broker'],
    ],
    ['the bookies for their memory', { bookkeeper: { memoryMib: 4096 } }, [...rolled('bookkeeper'), ...BOOKIES]],
    [
      'nothing for more bookies but new racks',
      { bookkeeper: { replicas: 4 } },
      [...counted('bookkeeper'), ...rolled('bookkeeper'), '+ pulsar-metadata', '- pulsar-metadata'],
    ],
    ['nothing for larger disks', { bookkeeper: { ledgersGib: 500, journalGib: 50 }, zookeeper: { diskGib: 50 } }, []],
    ['autorecovery for its memory', { autorecovery: { memoryMib: 1024 } }, ['autorecovery']],
    [
      'nothing for more ZooKeeper nodes',
      { zookeeper: { replicas: 5 } },
      [...counted('zookeeper'), ...rolled('zookeeper')],
    ],
    ['all that uses tokens of Pulsar for a new key', { pulsar: { tokenGeneration: 2 } }, [...PROGRAMS, 'broker']],
    [
      'the programs for new passwords, with a new Job that makes the users',
      { elasticsearch: { passwordGeneration: 2 } },
      ['+ elasticsearch-users', '- elasticsearch-users', ...PROGRAMS, 'budget-keeper'],
    ],
    [
      'the nodes for a new password of elastic',
      { elasticsearch: { adminPasswordGeneration: 2 } },
      [...rolled('elasticsearch'), ...DATA, 'elasticsearch-master'],
    ],
    ['ZooKeeper for its memory', { zookeeper: { memoryMib: 2048 } }, [...rolled('zookeeper'), 'zookeeper']],
    ['nothing for proxies that are added', { proxy: { replicas: 1 } }, ['+ proxy']],
    ['data nodes for their heap', { elasticsearch: { heapGib: 6 } }, [...rolled('elasticsearch'), ...DATA]],
    [
      'masters for their memory',
      { elasticsearch: { masterMemoryMib: 4096 } },
      [...rolled('elasticsearch'), 'elasticsearch-master'],
    ],
    [
      'nodes for how they read files',
      { elasticsearch: { memoryMap: true } },
      [...rolled('elasticsearch'), ...DATA, 'elasticsearch-master'],
    ],
    [
      'nothing for more data nodes',
      { elasticsearch: { dataNodes: 6, heapGib: 2 } },
      [...counted('elasticsearch'), ...rolled('elasticsearch')],
    ],
    [
      'nothing for fewer masters',
      { elasticsearch: { masterNodes: 1 } },
      [...counted('elasticsearch'), ...rolled('elasticsearch')],
    ],
    [
      'all of Pulsar, and nothing else, for another image of it',
      { images: { pulsar: 'apachepulsar/pulsar:4.0.7' } },
      [
        ...['+ bookkeeper-roll-out', '+ pulsar-upgrade', '+ zookeeper-roll-out'],
        ...['- bookkeeper-roll-out', '- pulsar-upgrade', '- zookeeper-roll-out', 'autorecovery', ...BOOKIES],
        ...[
          ...drains('bookkeeper'),
          ...drains('zookeeper'),
          'broker',
          'pulsar-metadata',
          'pulsar-permissions',
          'zookeeper',
        ],
      ],
    ],
    [
      'all of Elasticsearch, and nothing else, for another image of it',
      { images: { elasticsearch: 'example.com/elasticsearch:9.2.0' } },
      [...rolled('elasticsearch'), ...DATA, 'elasticsearch-master', 'elasticsearch-upgrade', 'elasticsearch-users'],
    ],
    [
      'all of Elasticsearch, after a check, for another version of it',
      { elasticsearch: { version: '9.2.1' } },
      [
        ...['+ elasticsearch-roll-out', '+ elasticsearch-upgrade', '- elasticsearch-roll-out'],
        ...['- elasticsearch-upgrade', ...DATA, 'elasticsearch-master', 'elasticsearch-users'],
      ],
    ],
    [
      'the programs, set-up and the Jobs that look at servers for another image of them',
      { images: { runtime: 'example.com/t:2' } },
      [
        ...['api', ...drains('bookkeeper'), 'bookkeeper-roll-out', 'budget-keeper'],
        ...[...drains('elasticsearch'), 'elasticsearch-roll-out', 'set-up', 'worker', 'zookeeper-roll-out'],
        ...drains('zookeeper'),
      ],
    ],
  ]
  for (const [what, changes, effects] of cases) {
    it(what, async () => {
      assert.deepEqual(await effectsOf('staging', changes), [...effects].sort())
    })
  }

  it('nothing when nothing changes', async () => {
    assert.deepEqual(await effectsOf('staging', { runtime: { LOGGING_LEVEL: 'info' } }), [])
  })
})

describe('the sources', () => {
  it('are updated where the API reads them, which needs no restart', async () => {
    const sources = { 'my-source': { name: 'New', allowedOrigins: ['*'] } }
    const resources = await registeredBy(changed('staging', { sources }))
    const file = ofType(resources, 'Secret').find(({ inputs }) => inputs.metadata.name === 'sources')
    assert.deepEqual(file?.inputs.stringData, { 'sources.json': `${JSON.stringify(sources, null, 2)}\n` })
    const { spec } = podTemplates(resources).find(({ name }) => name === 'api') ?? {}
    const volume = spec.volumes.find(({ name }: { name: string }) => name === 'sources')
    assert.deepEqual(volume, { name: 'sources', secret: { secretName: 'sources', defaultMode: 0o440 } })
    const mount = spec.containers[0].volumeMounts.find(({ name }: { name: string }) => name === 'sources')
    // With a subPath the kubelet would never update the file.
    assert.deepEqual(mount, { name: 'sources', mountPath: '/sources' })
    const settings = ofType(resources, 'ConfigMap').find(({ inputs }) => inputs.metadata.name === 'api-settings')
    assert.equal(settings?.inputs.data['SOURCES_FILE'], '/sources/sources.json')
  })

  it('have the secrets that are stated apart from them', async () => {
    const sources = { backend: { name: 'Back end', limits: { callsPerSecond: 10 } }, page: { allowedOrigins: ['*'] } }
    const sourceSecrets = '{"backend": ["0123456789abcdef", "fedcba9876543210"]}'
    const resources = await registeredBy(changed('staging', { sources, sourceSecrets }))
    const file = ofType(resources, 'Secret').find(({ inputs }) => inputs.metadata.name === 'sources')
    const { backend, page } = JSON.parse(file?.inputs.stringData['sources.json'])
    assert.deepEqual(backend, { ...sources.backend, secrets: ['0123456789abcdef', 'fedcba9876543210'] })
    assert.deepEqual(page, sources.page)
    const elsewhere = resources.filter((resource) => resource !== file)
    assert.doesNotMatch(JSON.stringify(elsewhere.map(({ inputs }) => inputs)), /0123456789abcdef/)
  })
})
