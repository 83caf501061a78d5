import assert from 'node:assert/strict'
import { changed, type Registered, registeredBy } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

describe('the console of a stack', () => {
  let resources: readonly Registered[]
  before(async () => {
    resources = await registeredBy(changed('staging'))
  })
  const settingsOf = (tier: string) =>
    ofType(resources, 'ConfigMap').find(({ inputs }) => inputs.metadata.name === `${tier}-settings`)?.inputs.data

  it('is told where every API and every worker is, and the workers are not', () => {
    assert.equal(
      settingsOf('api')['CONSOLE_INSTANCES'],
      'http://api-instances.tracardi.svc.cluster.local:8686,http://worker-instances.tracardi.svc.cluster.local:8686',
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
        ports: [{ name: 'private', port: 8686, targetPort: 8686, protocol: 'TCP' }],
      })
    })
  }
})
