import assert from 'node:assert/strict'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

describe('the console of a stack', () => {
  let resources: readonly Registered[]
  before(async () => {
    resources = await registeredBy(changed('staging'))
  })
  const settingsOf = (tier: string) =>
    ofType(resources, 'ConfigMap').find(({ inputs }) => inputs.metadata.name === `${tier}-settings`)?.inputs.data

  it('is reported where every API and every worker is, and the workers are not', () => {
    assert.equal(
      settingsOf('api')['CONSOLE_INSTANCES'],
      'http://api-instances.tracardi.svc.cluster.local:9464,http://worker-instances.tracardi.svc.cluster.local:9464',
    )
    assert.equal(settingsOf('worker')['CONSOLE_INSTANCES'], undefined)
  })

  for (const tier of ['api', 'worker']) {
    it(`finds each pod of the tier ${tier} under one name, before it is ready too`, () => {
      const service = ofType(resources, 'Service').find(({ inputs }) => inputs.metadata.name === `${tier}-instances`)
      assert.deepEqual(service?.inputs.spec, {
        type: 'ClusterIP',
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: { 'app.kubernetes.io/name': tier, 'app.kubernetes.io/part-of': 'tracardi' },
        ports: [{ name: 'monitoring', port: 9464, targetPort: 9464, protocol: 'TCP' }],
      })
    })
  }

  it('is reached as the API is by both families where the cluster has them, and pods one by one by one family', () => {
    const policies = ofType(resources, 'Service')
      .filter(({ inputs }) => /^(api|worker)/.test(inputs.metadata.name))
      .map(({ inputs }) => [inputs.metadata.name, inputs.spec.ipFamilyPolicy])
      .sort()
    assert.deepEqual(policies, [
      ['api', 'PreferDualStack'],
      ['api-instances', undefined],
      ['api-private', 'PreferDualStack'],
      ['worker-instances', undefined],
    ])
  })

  it('knows the image that an API and a worker run', () => {
    const containers = podTemplates(resources).filter(({ name }) => name === 'api' || name === 'worker')
    assert.equal(containers.length, 2)
    for (const { spec } of containers) {
      const [{ image, env }] = spec.containers
      const stated = env.find(({ name }: { name: string }) => name === 'RUNTIME_IMAGE')
      assert.deepEqual([typeof image, stated.value], ['string', image])
    }
  })

  it('has a token of the operators, which the API alone is given, as a file', async () => {
    const token = ofType(resources, 'Secret').find(({ inputs }) => inputs.metadata.name === 'console-token')
    assert.deepEqual(token?.inputs.stringData, { token: 'password of console-token, generation 1' })
    const given = podTemplates(resources).filter(({ spec }) => JSON.stringify(spec).includes('console-token'))
    assert.deepEqual(
      given.map(({ name }) => name),
      ['api'],
    )
    const [container] = given[0]?.spec.containers ?? []
    assert.deepEqual(
      container.env.find(({ name }: { name: string }) => name === 'PRIVATE_TOKEN_FILE'),
      { name: 'PRIVATE_TOKEN_FILE', value: '/secrets/console/token' },
    )
    assert.ok(container.volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === '/secrets/console'))
  })

  it('has another token for another generation, in production too', async () => {
    const of = async (generation: number) => {
      const made = await registeredBy(changed('production', { api: { tokenGeneration: generation } }))
      return ofType(made, 'RandomPassword').find(({ name }) => name === 'console-token')
    }
    const [first, second] = [await of(1), await of(2)]
    assert.deepEqual([first?.inputs.length, first?.inputs.special], [32, false])
    assert.deepEqual(first?.inputs.keepers, { generation: '1' })
    assert.deepEqual(second?.inputs.keepers, { generation: '2' })
    // A protected one could not be replaced.
    assert.equal(first?.options.protect, undefined)
  })

  it('is called by the names of its Service, and by those that the stack adds', async () => {
    const hosts = 'api-private,api-private.tracardi,api-private.tracardi.svc,api-private.tracardi.svc.cluster.local'
    assert.equal(settingsOf('api')['PRIVATE_ALLOWED_HOSTS'], hosts)
    resources = await registeredBy(changed('staging', { runtime: { PRIVATE_ALLOWED_HOSTS: 'console.example.com' } }))
    assert.equal(settingsOf('api')['PRIVATE_ALLOWED_HOSTS'], `${hosts},console.example.com`)
  })

  for (const tier of ['api', 'worker']) {
    it(`is apart from health and metrics of the ${tier}, which have a port of their own`, () => {
      assert.equal(settingsOf(tier)['MONITORING_PORT'], '9464')
      const [container] = podTemplates(resources).find(({ name }) => name === tier)?.spec.containers ?? []
      assert.equal(container.readinessProbe.httpGet.port, 9464)
      assert.equal(container.livenessProbe.httpGet.port, 9464)
      assert.equal(container.startupProbe.httpGet.port, 9464)
      const ports = container.ports.map(({ containerPort }: { containerPort: number }) => containerPort)
      assert.deepEqual(ports, tier === 'api' ? [8585, 8686, 9464] : [9464])
    })
  }
})
