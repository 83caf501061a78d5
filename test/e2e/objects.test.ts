import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type Answer, Cluster } from '../support/cluster.ts'
import { changed, registeredBy, STACKS, type StackName } from '../support/stack.ts'
import { podTemplates } from '../support/workloads.ts'

/**
 * Every object of every stack, and of what stacks can be switched to, as a real API server sees it: with strict validation of
 * fields, by server-side apply, without keeping anything. Any KUBECONFIG; no node is needed.
 */
const VARIANTS: readonly [string, StackName, Record<string, unknown>][] = [
  ...STACKS.map((stack) => [stack, stack, {}] as [string, StackName, Record<string, unknown>]),
  [
    'production with proxies, an Ingress, more of everything and scaled workers',
    'production',
    {
      proxy: { replicas: 2, service: 'LoadBalancer' },
      api: { service: 'LoadBalancer', ingressHost: 'events.example.com', ingressClass: 'nginx' },
      workers: { autoscaling: 'hpa' },
      elasticsearch: { memoryMap: true },
      images: { pullSecret: 'registry' },
    },
  ],
  [
    'staging that Prometheus and Grafana watch',
    'staging',
    {
      platform: { monitoringNamespaces: ['monitoring'] },
      proxy: { replicas: 1 },
      observability: { monitors: 'podMonitor', rules: true, dashboards: true },
    },
  ],
  ['production with workers scaled by KEDA', 'production', { workers: { autoscaling: 'keda' } }],
  [
    'staging on an existing Pulsar and Elasticsearch',
    'staging',
    {
      pulsar: { serviceUrl: 'pulsar+ssl://pulsar.example.com:6651', adminUrl: 'https://pulsar.example.com:8443' },
      elasticsearch: { url: 'https://search.example.com:9243' },
      pulsarToken: 'token',
      elasticApiKey: 'key',
    },
  ],
]

/** A pod as its StatefulSet makes it: with its claims as volumes. */
function withClaims(spec: Spec): Spec {
  const volumes = new Set(spec.volumes.map(({ name }) => name))
  const mounts = spec.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name))
  const claims = [...new Set(mounts)].filter((name) => !volumes.has(name))
  const claimed = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: `${name}-of-a-set` } }))
  return { ...spec, volumes: [...spec.volumes, ...claimed] }
}

interface Spec {
  readonly volumes: readonly { readonly name: string }[]
  readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string }[] }[]
}

describe('the API server', () => {
  const cluster = new Cluster()
  const namespace = `tracardi-objects-${randomUUID().slice(0, 8)}`
  const plurals = new Map<string, string>()

  /** The path of an object, by what the server says of its kind. */
  async function pathOf(apiVersion: string, kind: string, name: string): Promise<string> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    if (!plurals.has(`${base} ${kind}`)) {
      const { resources = [] } = (await cluster.request('GET', base)).body
      for (const { kind: known, name: plural } of resources)
        if (!plural.includes('/')) plurals.set(`${base} ${known}`, plural)
    }
    const plural = plurals.get(`${base} ${kind}`)
    assert.ok(
      plural,
      `the server does not know ${apiVersion} ${kind}; for kinds of KEDA or of the Prometheus operator install their CRDs first`,
    )
    return `${base}/namespaces/${namespace}/${plural}/${name}`
  }

  const apply = async (object: { apiVersion: string; kind: string; metadata: { name: string } }): Promise<Answer> => {
    const path = await pathOf(object.apiVersion, object.kind, object.metadata.name)
    const query = 'fieldManager=tracardi-test&fieldValidation=Strict&force=true&dryRun=All'
    return cluster.request('PATCH', `${path}?${query}`, object, 'application/apply-patch+yaml')
  }

  const admit = (name: string, spec: object): Promise<Answer> =>
    cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`, {
      metadata: { name },
      spec,
    })

  before(async () => {
    const resources = await registeredBy(changed('dev', { platform: { namespace } }))
    const own = resources.find(({ type }) => type.endsWith(':Namespace'))
    await cluster.create('/api/v1/namespaces', own?.inputs)
    // A pod may be created once its service account exists.
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`
    while ((await cluster.request('GET', account)).status !== 200) await new Promise((resolve) => setImmediate(resolve))
  })
  after(() => cluster.request('DELETE', `/api/v1/namespaces/${namespace}`))

  for (const [name, stack, changes] of VARIANTS) {
    it(`takes every object of ${name}`, async () => {
      const platform = { ...(changes['platform'] as object), namespace }
      const resources = await registeredBy(changed(stack, { ...changes, platform }))
      const objects = resources.filter(({ inputs }) => inputs?.kind !== undefined && inputs.kind !== 'Namespace')
      assert.ok(objects.length > 15)
      for (const { inputs } of objects) {
        const { status, body } = await apply(inputs)
        assert.ok(status === 200 || status === 201, `${inputs.kind} ${inputs.metadata.name}: ${body.message}`)
      }
    })

    it(`admits every pod of ${name} under PodSecurity restricted`, async () => {
      const platform = { ...(changes['platform'] as object), namespace }
      for (const pod of podTemplates(await registeredBy(changed(stack, { ...changes, platform })))) {
        const { status, body } = await admit(pod.name, withClaims(pod.spec))
        assert.equal(status, 201, `${pod.name}: ${body.message}`)
      }
    })
  }

  it('is one that refuses: a pod that may be root, and a field that it does not know', async () => {
    const pod = await admit('root', { containers: [{ name: 'root', image: 'busybox' }] })
    assert.equal(pod.status, 403)
    assert.match(pod.body.message, /violates PodSecurity "restricted/)
    const wrong = await apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'wrong' },
      dta: {},
    } as never)
    assert.notEqual(wrong.status, 200)
  })
})
