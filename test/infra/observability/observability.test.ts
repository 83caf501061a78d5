import assert from 'node:assert/strict'
import { StackConfigError } from '../../../infra/config/errors.ts'
import { planOf } from '../../../infra/config/plan.ts'
import { costOf } from '../../../infra/cost.ts'
import { platformSettings } from '../../../infra/stack-args.ts'
import { CERTIFICATE_END, type Registered } from '../../support/registered.ts'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { containersOf, ofType, podTemplates } from '../../support/workloads.ts'

type Changes = Readonly<Record<string, unknown>>

const ON = { monitors: 'podMonitor', rules: true, dashboards: true }
const platform = { monitoringNamespaces: ['monitoring'] }
const of = (stack: StackName, changes: Changes = {}) =>
  registeredBy(
    changed(stack, { platform, observability: ON, proxy: { replicas: stack === 'dev' ? 0 : 1 }, ...changes }),
  )
const names = (resources: readonly Registered[], kind: string) =>
  ofType(resources, kind).map(({ inputs }) => inputs.metadata.name)
const EXPORTER = 'elasticsearch-exporter'

describe('the observability of a stack', () => {
  for (const stack of STACKS) {
    it(`makes nothing in ${stack} unless it is asked for: the CRDs may be missing`, async () => {
      const resources = await registeredBy(changed(stack))
      assert.deepEqual(
        resources.filter(({ urn }) => urn.includes(':observability:') || urn.includes(EXPORTER)),
        [],
      )
      assert.deepEqual(
        resources.filter(({ type }) => type.includes('monitoring.coreos.com')),
        [],
      )
    })

    it(`scrapes in ${stack} every port that the policies let Prometheus reach, and no other`, async () => {
      const resources = await of(stack)
      const templates = podTemplates(resources)
      const policies = ofType(resources, 'NetworkPolicy').filter(({ inputs }) => inputs.spec.podSelector.matchLabels)
      const reachable = policies.flatMap(({ inputs }) =>
        (inputs.spec.ingress ?? [])
          .filter(({ from = [] }) => from.some((peer: object) => 'namespaceSelector' in peer))
          .map(({ ports }: { ports: { port: number }[] }) => `${inputs.metadata.name} ${ports[0]?.port}`),
      )
      const scraped = ofType(resources, 'PodMonitor').map(({ inputs: { metadata, spec } }) => {
        assert.equal(metadata.name, spec.selector.matchLabels['app.kubernetes.io/name'])
        const [{ port }, ...others] = spec.podMetricsEndpoints
        assert.deepEqual(others, [])
        const pod = templates.find(({ metadata: made }) => made.labels['app.kubernetes.io/name'] === metadata.name)
        const told = pod?.spec.containers[0].ports.find(({ name }: { name: string }) => name === port)
        return `allow-${metadata.name} ${told?.containerPort}`
      })
      assert.deepEqual(scraped.sort(), reachable.sort())
      // Brokers that ask for no token serve everything to anyone who reaches their port.
      assert.equal(scraped.length, stack === 'dev' ? 6 : 8)
    })
  }

  it('makes PodMonitors that a Prometheus chooses by their labels', async () => {
    const changes = { observability: { ...ON, scrapeSeconds: 15, labels: ['release=prometheus', 'team/one=a'] } }
    const resources = await of('staging', changes)
    const worker = ofType(resources, 'PodMonitor').find(({ inputs }) => inputs.metadata.name === 'worker')
    assert.deepEqual(worker?.inputs, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: {
        name: 'worker',
        namespace: 'tracardi',
        labels: {
          release: 'prometheus',
          'team/one': 'a',
          'app.kubernetes.io/part-of': 'tracardi',
          'app.kubernetes.io/name': 'worker',
          'app.kubernetes.io/component': 'worker',
          'app.kubernetes.io/instance': 'platform',
          'app.kubernetes.io/managed-by': 'pulumi',
        },
      },
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/part-of': 'tracardi', 'app.kubernetes.io/name': 'worker' } },
        podMetricsEndpoints: [{ port: 'monitoring', path: '/metrics', interval: '15s' }],
      },
    })
    const [rules] = ofType(resources, 'PrometheusRule')
    assert.equal(rules?.inputs.metadata.labels.release, 'prometheus')
  })

  it('makes the rules, with the ends of the certificates that the stack has made', async () => {
    const runbooks = 'https://example.com/alerts'
    const [rule, ...others] = ofType(await of('staging', { observability: { ...ON, runbooks } }), 'PrometheusRule')
    assert.deepEqual(others, [])
    const [recorded, events] = (rule as Registered).inputs.spec.groups
    assert.deepEqual(
      recorded.rules.map(({ expr, labels }: { expr: string; labels: object }) => [expr, labels]),
      ['elasticsearch-node', 'elasticsearch-authority'].map((certificate) => [
        `vector(${Date.parse(CERTIFICATE_END) / 1000})`,
        { namespace: 'tracardi', certificate },
      ]),
    )
    assert.equal(events.rules[0].annotations.runbook_url, 'https://example.com/alerts#tracardieventsrefused')
  })

  it('makes the dashboards as ConfigMaps that a sidecar of Grafana reads', async () => {
    const changes = { observability: { ...ON, dashboardLabels: ['grafana=yes'] } }
    const maps = ofType(await of('staging', changes), 'ConfigMap').filter(({ inputs }) =>
      inputs.metadata.name.startsWith('dashboard-'),
    )
    assert.deepEqual(
      maps.map(({ inputs }) => [inputs.metadata.name, inputs.metadata.labels.grafana, Object.keys(inputs.data)]),
      [
        ['dashboard-overview', 'yes', ['tracardi-overview.json']],
        ['dashboard-servers', 'yes', ['tracardi-servers.json']],
      ],
    )
  })

  it('makes rules and dashboards each only where they are asked for', async () => {
    const made = async (observability: object) => {
      const resources = await of('staging', { observability: { monitors: 'podMonitor', ...observability } })
      const maps = names(resources, 'ConfigMap').filter((name) => name.startsWith('dashboard-'))
      return [names(resources, 'PrometheusRule').length, maps.length]
    }
    assert.deepEqual(await made({}), [0, 0])
    assert.deepEqual(await made({ rules: true }), [1, 0])
    assert.deepEqual(await made({ dashboards: true }), [0, 2])
  })

  it('refuses rules and dashboards without the monitors that they read', () => {
    assert.throws(
      () => planOf(changed('staging', { observability: { rules: true, dashboards: true } })),
      (error: StackConfigError) => {
        assert.deepEqual(
          error.faults.map(({ code, facts }) => [code, facts]),
          [
            ['monitors_missing', { key: 'rules' }],
            ['monitors_missing', { key: 'dashboards' }],
          ],
        )
        return error instanceof StackConfigError
      },
    )
  })

  const faulty = ['release', '=x', 'a=b c', 'release:x', 'a=b,c=d']
  it(`refuses labels like ${faulty.join(' or ')}`, () => {
    for (const label of faulty) {
      assert.throws(() => planOf(changed('staging', { observability: { labels: [label] } })), StackConfigError, label)
    }
  })
})

describe('the exporter for Elasticsearch', () => {
  const podOf = (resources: readonly Registered[]) => podTemplates(resources).find(({ name }) => name === EXPORTER)

  it('asks with the user of API and workers, over TLS, and is restarted by other credentials', async () => {
    const pod = podOf(await of('staging'))
    const [container] = pod?.spec.containers ?? []
    assert.equal(container.image, 'quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0')
    assert.deepEqual(container.env, [{ name: 'ES_USERNAME', value: 'tracardi' }])
    assert.deepEqual(container.command, [
      'sh',
      '-c',
      'set -eu\nexport ES_PASSWORD="$(cat /credentials/password)"\nexec /bin/elasticsearch_exporter --es.uri=https://elasticsearch.tracardi.svc.cluster.local:9200 --es.all --es.timeout=20s --web.listen-address=:9114 --es.ca=/authority/ca.crt',
    ])
    assert.deepEqual(pod?.spec.volumes, [
      { name: 'tmp', emptyDir: {} },
      { name: 'credentials', secret: { secretName: 'elasticsearch-user-tracardi', defaultMode: 0o440 } },
      { name: 'authority', configMap: { name: 'elasticsearch-authority' } },
    ])
    assert.deepEqual(Object.keys(pod?.metadata.annotations), ['checksum.tracardi.com/elasticsearch'])
  })

  it('asks without credentials where there are none', async () => {
    const pod = podOf(await of('dev', { observability: { ...ON, exporter: 'example.com/exporter:1' } }))
    const [container] = pod?.spec.containers ?? []
    assert.equal(container.image, 'example.com/exporter:1')
    assert.deepEqual(container.env, [])
    assert.equal(
      container.command[2],
      'set -eu\nexec /bin/elasticsearch_exporter --es.uri=http://elasticsearch.tracardi.svc.cluster.local:9200 --es.all --es.timeout=20s --web.listen-address=:9114',
    )
    assert.deepEqual(pod?.spec.volumes, [{ name: 'tmp', emptyDir: {} }])
  })

  it('asks the first node of an existing Elasticsearch, with its API key, on its port only', async () => {
    const external = { url: 'https://one.example.com:9243,https://two.example.com:9243' }
    const resources = await of('staging', { elasticsearch: external, elasticApiKey: 'key' })
    const pod = podOf(resources)
    assert.equal(
      pod?.spec.containers[0].command[2],
      'set -eu\nexport ES_API_KEY="$(cat /credentials/apiKey)"\nexec /bin/elasticsearch_exporter --es.uri=https://one.example.com:9243 --es.all --es.timeout=20s --web.listen-address=:9114',
    )
    const policy = ofType(resources, 'NetworkPolicy').find(({ inputs }) => inputs.metadata.name === `allow-${EXPORTER}`)
    const ports = policy?.inputs.spec.egress.map(({ ports: allowed }: { ports: { port: number }[] }) =>
      allowed.map(({ port }) => port),
    )
    assert.deepEqual(ports, [[9243], [53, 53]])
    // The stack has made no certificate for it.
    const [rule] = ofType(resources, 'PrometheusRule')
    assert.equal(rule?.inputs.spec.groups[0].name, 'tracardi-events')
  })

  it('runs as PodSecurity restricted asks, with a read-only root, probes and a budget', async () => {
    const resources = await of('production')
    const { spec } = podOf(resources) ?? {}
    assert.equal(spec.automountServiceAccountToken, false)
    assert.equal(spec.securityContext.runAsUser, 65_534)
    for (const { securityContext, startupProbe, readinessProbe, livenessProbe } of containersOf(spec)) {
      assert.equal(securityContext.readOnlyRootFilesystem, true)
      for (const probe of [startupProbe, readinessProbe, livenessProbe])
        assert.deepEqual(probe.httpGet, { port: 9114, path: '/healthz' })
    }
    assert.ok(names(resources, 'PodDisruptionBudget').includes(EXPORTER))
  })

  it('is in what the stack costs', () => {
    const costs = costOf(
      platformSettings(planOf(changed('staging', { platform, observability: { monitors: 'podMonitor' } }))),
    )
    assert.deepEqual(
      costs.find(({ tier }) => tier === EXPORTER),
      { tier: EXPORTER, pods: 1, cpuMillicores: 50, memoryMib: 128, diskGib: 0 },
    )
  })
})
