import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Registered } from '../support/registered.ts'
import { changed, registeredBy } from '../support/stack.ts'

const PLACED = { platform: { createNamespace: false } }

/** Everything that a stack can have. */
const EVERYTHING = {
  platform: { createNamespace: false, monitoringNamespaces: ['monitoring'] },
  api: { autoscaling: 'cpu', maxReplicas: 4, ingressHost: 'x.example.com' },
  workers: { autoscaling: 'keda', maxReplicas: 8 },
  proxy: { replicas: 1 },
  elasticsearch: { warmNodes: 3, expireIndices: true },
  backup: { type: 's3', location: 'snapshots' },
  observability: { monitors: 'podMonitor', rules: true, dashboards: true },
}

const objectsOf = (resources: readonly Registered[]) =>
  resources.filter(({ type }) => type.startsWith('kubernetes:') && !type.startsWith('kubernetes:index'))

describe('a stack in a namespace that exists', () => {
  it('makes no namespace, and everything in it', async () => {
    for (const stack of ['dev', 'staging', 'production'] as const) {
      const objects = objectsOf(await registeredBy(changed(stack, PLACED)))
      assert.ok(objects.length > 30)
      for (const { type, name, inputs } of objects) {
        assert.equal(type.endsWith(':Namespace'), false)
        assert.equal(inputs.metadata.namespace, 'tracardi', `${type} ${name}`)
      }
    }
  })

  it('knows its cluster by that namespace, and reads no other', async () => {
    const clusterOf = async (changes: object) => {
      const resources = await registeredBy(changed('dev', changes as Record<string, unknown>))
      const facts = resources.find(({ name, type }) => name === 'facts' && type.endsWith(':ConfigMap'))
      return facts?.inputs.data.cluster
    }
    assert.equal(await clusterOf(PLACED), 'uid of tracardi')
    assert.equal(await clusterOf({}), 'uid of the cluster')
  })

  it('is deleted object by object in dev, because the namespace stays', async () => {
    for (const { name, options } of objectsOf(await registeredBy(changed('dev', PLACED))))
      assert.equal(options.deletedWith, undefined, name)
  })

  it('needs the rights of docs/deploy.md, and no other', async () => {
    const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
    const role = parse(/```yaml\n(apiVersion: rbac[^`]*)```/.exec(page)?.[1] ?? '')
    const granted = role.rules
      .filter(({ verbs }: { verbs: string[] }) => verbs.includes('create'))
      .flatMap(({ apiGroups, resources }: { apiGroups: string[]; resources: string[] }) =>
        apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
      )
      // What the Jobs are granted, and what the stack does not make itself.
      .filter((resource: string) => resource !== '/pods/eviction')
    // The CRDs of Prometheus and KEDA have types of their own in the program.
    const made = objectsOf(await registeredBy(changed('staging', EVERYTHING))).map(({ type }) => {
      const [, api = '', kind = ''] = type.split(':')
      const group = api.includes('/') ? (api.split('/')[0] as string) : ''
      const plural = kind.toLowerCase().replace(/(ss|y)$/, (end) => (end === 'y' ? 'ie' : 'sse'))
      return `${group === 'core' ? '' : group}/${plural}s`
    })
    assert.deepEqual([...new Set(made)].sort(), [...granted].sort())
  })
})

describe('the DNS domain of the cluster', () => {
  it('is in every name by which servers are found, and in the certificates', async () => {
    const resources = await registeredBy(changed('staging', { platform: { clusterDomain: 'example.internal' } }))
    const text = JSON.stringify(resources.filter(({ name }) => name !== 'facts').map(({ inputs }) => inputs))
    assert.equal(text.includes('cluster.local'), false)
    assert.ok(text.includes('elasticsearch.tracardi.svc.example.internal'))
    assert.ok(text.includes('zookeeper.tracardi.svc.example.internal:2181'))
  })

  it('must be a domain', () => {
    assert.throws(() => changed('dev') && registeredBy(changed('dev', { platform: { clusterDomain: 'a..b' } })), {
      code: 'stack_config_invalid',
    })
  })
})
