import assert from 'node:assert/strict'
import { sizingReport } from '../../infra/commands/sizing-report.ts'
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

describe('the report of the sizing', () => {
  it('has each number with its reason, each tier, the sum, and what falls short', () => {
    const lines = sizingReport(
      planOf(changed('production', { workers: { replicas: 2 }, broker: { replicas: 2 } })),
    ).split('\n')
    assert.match(lines[0] as string, /^key +value +from +why$/)
    assert.ok(lines.some((line) => /^api\.replicas +10 pods +derived +10: peak 2,000 events\/s/.test(line)))
    assert.ok(lines.some((line) => /^workers\.replicas +2 pods +stated +stated; the load needs 2$/.test(line)))
    assert.ok(lines.some((line) => /^api +10 +10 +5 GiB$/.test(line)))
    assert.ok(lines.some((line) => /^all +\d+ +[\d.]+ +[\d.]+ GiB +\d+ GiB$/.test(line)))
  })

  it('warns of a count that the load needs more of', () => {
    const plan = planOf(changed('production', { bookkeeper: { ledgersGib: 20 } }))
    assert.match(sizingReport(plan), /\nwarning: bookkeeper\.ledgersGib is 20/)
  })
})
