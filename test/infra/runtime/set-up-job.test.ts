import assert from 'node:assert/strict'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'
import { jobScript } from '../pulsar/files.ts'
import { ScriptFolder, syntaxFaults } from '../pulsar/script.ts'

const IN_ALL = { NODE_ENV: 'production', NODE_OPTIONS: '--max-old-space-size=153' }

/** What the set-up of a stack is given. */
async function setUpOf(stack: StackName, changes: Readonly<Record<string, unknown>> = {}) {
  const templates = podTemplates(await registeredBy(changed(stack, changes)))
  const { name, spec } = templates.find(({ name }) => /^set-up-[0-9a-f]{8}$/.test(name)) ?? assert.fail('no set-up')
  const env = spec.containers[0].env.map(({ name, value }: { name: string; value: string }) => [name, value])
  const mounts = spec.containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)
  return { name, args: spec.containers[0].args, env: Object.fromEntries(env), mounts }
}

describe('set-up', () => {
  it('is passed what to create, and where', async () => {
    const { env, mounts } = await setUpOf('dev', {
      runtime: {
        PULSAR_TENANT: 'shop',
        PULSAR_PARTITIONS: 20,
        PULSAR_RETENTION_HOURS: 48,
        ELASTIC_INDEX_PREFIX: 'shop',
        BULK_SIZE: 501,
      },
    })
    assert.deepEqual(env, {
      ...IN_ALL,
      PULSAR_HOST: 'pulsar://broker.tracardi.svc.cluster.local:6650',
      PULSAR_API: 'http://broker.tracardi.svc.cluster.local:8080',
      PULSAR_TENANT: 'shop',
      PULSAR_PARTITIONS: '20',
      PULSAR_RETENTION_HOURS: '48',
      PULSAR_RETENTION_SIZE_GIB: '2',
      ELASTIC_HOST: 'http://elasticsearch.tracardi.svc.cluster.local:9200',
      ELASTIC_INDEX_PREFIX: 'shop',
      ELASTIC_INDEX_SHARDS: '1',
      ELASTIC_INDEX_REPLICAS: '0',
    })
    assert.deepEqual(mounts, ['/tmp'])
  })

  it('gets into servers that ask who it is: token, user, password and authority', async () => {
    const { env, mounts } = await setUpOf('staging', { runtime: { ELASTIC_INDEX_SHARDS: 3 } })
    assert.deepEqual(env, {
      ...IN_ALL,
      PULSAR_AUTH_TOKEN_FILE: '/secrets/pulsar/token',
      ELASTIC_HTTP_AUTH_PASSWORD_FILE: '/secrets/elasticsearch/password',
      PULSAR_HOST: 'pulsar://broker.tracardi.svc.cluster.local:6650',
      PULSAR_API: 'http://broker.tracardi.svc.cluster.local:8080',
      PULSAR_BUNDLES: '32',
      PULSAR_RETENTION_SIZE_GIB: '13',
      ELASTIC_HOST: 'https://elasticsearch.tracardi.svc.cluster.local:9200',
      ELASTIC_HTTP_AUTH_USERNAME: 'tracardi',
      ELASTIC_CA_FILE: '/authority/ca.crt',
      EVENT_PARTITIONING: 'day',
    })
    assert.deepEqual(mounts, ['/tmp', '/secrets/pulsar', '/secrets/elasticsearch', '/authority'])
  })

  it('has the credentials of existing servers', async () => {
    const { env, mounts } = await setUpOf('staging', {
      pulsar: { serviceUrl: 'pulsar+ssl://pulsar.example.com:6651', adminUrl: 'https://pulsar.example.com' },
      elasticsearch: { url: 'https://search.example.com' },
      runtime: { PULSAR_VERIFY_CERTS: false, ELASTIC_VERIFY_CERTS: false, ELASTIC_INDEX_SHARDS: 3 },
      pulsarToken: 'token',
      elasticUsername: 'someone',
      elasticPassword: 'password',
    })
    assert.deepEqual(env, {
      ...IN_ALL,
      PULSAR_AUTH_TOKEN_FILE: '/secrets/pulsar/token',
      ELASTIC_HTTP_AUTH_PASSWORD_FILE: '/secrets/elasticsearch/password',
      PULSAR_HOST: 'pulsar+ssl://pulsar.example.com:6651',
      PULSAR_API: 'https://pulsar.example.com',
      PULSAR_VERIFY_CERTS: 'false',
      PULSAR_RETENTION_SIZE_GIB: '13',
      ELASTIC_HOST: 'https://search.example.com',
      ELASTIC_HTTP_AUTH_USERNAME: 'someone',
      ELASTIC_VERIFY_CERTS: 'false',
      EVENT_PARTITIONING: 'day',
    })
    assert.deepEqual(mounts, ['/tmp', '/secrets/pulsar', '/secrets/elasticsearch'])
  })

  it('shortens what Pulsar keeps only where the stack acknowledges the value that it states', async () => {
    const runtime = { PULSAR_RETENTION_HOURS: 12, PULSAR_RETENTION_SIZE_GIB: 1 }
    const argsWith = async (...acknowledge: string[]) =>
      (await setUpOf('dev', { runtime, platform: { acknowledge } })).args
    assert.deepEqual(await argsWith(), ['set-up'])
    assert.deepEqual(await argsWith('runtime.PULSAR_RETENTION_HOURS=6'), ['set-up'])
    assert.deepEqual(await argsWith('runtime.PULSAR_RETENTION_HOURS=12'), ['set-up', '--lower-retention'])
    assert.deepEqual(await argsWith('runtime.PULSAR_RETENTION_SIZE_GIB=1'), ['set-up', '--lower-retention'])
  })

  it('makes bundles for the brokers of the stack, and never fewer than it states', async () => {
    const bundlesFor = async (replicas: number, changes: Readonly<Record<string, unknown>> = {}) =>
      (await setUpOf('dev', { broker: { replicas }, ...changes })).env['PULSAR_BUNDLES']
    assert.deepEqual([await bundlesFor(1), await bundlesFor(6), await bundlesFor(7)], [undefined, '64', '128'])
    assert.equal(await bundlesFor(6, { runtime: { PULSAR_BUNDLES: 256 } }), '256')
    const pulsar = { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' }
    assert.equal(await bundlesFor(6, { pulsar }), undefined)
  })

  it('runs again when it is to shorten what Pulsar keeps', async () => {
    const acknowledge = ['runtime.PULSAR_RETENTION_HOURS=24']
    const [before, after] = [await setUpOf('dev'), await setUpOf('dev', { platform: { acknowledge } })]
    assert.notEqual(before.name, after.name)
  })
})

describe('the permissions', () => {
  const names = async (stack: StackName, changes: Readonly<Record<string, unknown>> = {}) =>
    podTemplates(await registeredBy(changed(stack, changes)))
      .filter(({ name }) => name.startsWith('pulsar-permissions'))
      .map(({ kind }) => kind)

  it('let the API publish and workers consume, each by topic, and take back what earlier releases gave', async () => {
    const script = await jobScript('staging', 'pulsar-permissions', {
      runtime: { PULSAR_TENANT: 'shop', PULSAR_SYSTEM_NAMESPACE: 'events', PULSAR_SUBSCRIPTION: 'workers' },
    })
    assert.equal(syntaxFaults(script), '')
    const folder = new ScriptFolder()
    try {
      const { status, calls } = folder.run(script, 'bin/pulsar-admin', '')
      const admin =
        '--admin-url http://broker.tracardi.svc.cluster.local:8080 --auth-plugin org.apache.pulsar.client.impl.auth.AuthenticationToken --auth-params file:///tokens/token'
      const events = 'persistent://shop/events/functions'
      assert.equal(status, 0)
      assert.deepEqual(calls, [
        `${admin} topics grant-permission ${events} --role api --actions produce`,
        `${admin} topics grant-permission ${events} --role worker --actions consume`,
        `${admin} topics grant-permission ${events}-workers-DLQ --role api --actions consume`,
        `${admin} topics grant-permission ${events}-workers-DLQ --role worker --actions produce`,
        `${admin} namespaces revoke-permission shop/events --role api`,
        `${admin} namespaces revoke-permission shop/events --role worker`,
      ])
    } finally {
      folder.remove()
    }
  })

  it('fail when a grant is refused, so that the Job tries again', async () => {
    const folder = new ScriptFolder()
    try {
      const { status, calls } = folder.run(
        await jobScript('staging', 'pulsar-permissions'),
        'bin/pulsar-admin',
        'exit 1',
      )
      assert.equal(status, 1)
      assert.equal(calls.length, 1)
    } finally {
      folder.remove()
    }
  })

  it('are granted only where the brokers of the stack ask for them', async () => {
    assert.deepEqual(await names('staging'), ['Job'])
    assert.deepEqual(await names('dev'), [])
    assert.deepEqual(await names('staging', { pulsar: { authorization: false } }), [])
    const external = { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' }
    assert.deepEqual(await names('staging', { pulsar: external, pulsarToken: 'token' }), [])
  })
})
