import assert from 'node:assert/strict'
import { planOf } from '../../infra/config/plan.ts'
import { costOf, totalOf } from '../../infra/cost.ts'
import { platformSettings } from '../../infra/stack-args.ts'
import { changed, registeredBy, STACKS } from '../support/stack.ts'
import { mib, ofType, podTemplates } from '../support/workloads.ts'

describe('what a stack asks of a cluster', () => {
  for (const stack of STACKS) {
    it(`is, for ${stack}, the sum of what its pods request and of its claims`, async () => {
      const resources = await registeredBy(changed(stack))
      const sum = { pods: 0, cpuMillicores: 0, memoryMib: 0, diskGib: 0 }
      const pods = [...ofType(resources, 'StatefulSet'), ...ofType(resources, 'Deployment')]
      const counts = new Map(pods.map(({ inputs }) => [inputs?.metadata?.name, inputs?.spec?.replicas]))
      for (const { name, kind, spec } of podTemplates(resources)) {
        if (kind === 'Job') continue
        const count = counts.get(name) as number
        sum.pods += count
        for (const { resources: given } of spec.containers) {
          sum.cpuMillicores += count * Number.parseInt(given.requests.cpu, 10)
          sum.memoryMib += count * mib(given.requests.memory)
        }
      }
      for (const { inputs } of ofType(resources, 'PersistentVolumeClaim'))
        sum.diskGib += mib(inputs.spec.resources.requests.storage) / 1024
      assert.deepEqual(totalOf(costOf(platformSettings(planOf(changed(stack))))), sum)
    })
  }

  it('is nothing for existing servers, nor for tiers without pods', () => {
    const external = changed('dev', {
      pulsar: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' },
      elasticsearch: { url: 'http://e:9200' },
    })
    assert.deepEqual(
      costOf(platformSettings(planOf(external))).map(({ tier }) => tier),
      ['api', 'worker'],
    )
  })
})
