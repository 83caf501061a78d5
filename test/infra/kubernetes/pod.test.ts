import assert from 'node:assert/strict'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { containersOf, podTemplates } from '../../support/workloads.ts'

describe('the limit of CPU', () => {
  for (const cpuLimits of [true, false]) {
    it(`${cpuLimits ? 'is there' : 'is omitted'} where platform.cpuLimits is ${cpuLimits}`, async () => {
      const templates = podTemplates(await registeredBy(changed('production', { platform: { cpuLimits } })))
      for (const { name, spec } of templates) {
        for (const { resources } of containersOf(spec)) {
          assert.equal(resources.limits.cpu !== undefined, cpuLimits, name)
          assert.ok(resources.limits.memory && resources.requests.cpu, name)
        }
      }
    })
  }
})

describe('the spread over zones', () => {
  const rule = async (stack: StackName, pods: string) => {
    const found = podTemplates(await registeredBy(changed(stack))).find(({ name }) => name === pods)
    return found?.spec.topologySpreadConstraints[0].whenUnsatisfiable
  }

  it('is forced in production for ZooKeeper and masters, whose volumes keep them where they are', async () => {
    for (const pods of ['zookeeper', 'elasticsearch-master']) {
      assert.equal(await rule('production', pods), 'DoNotSchedule')
      assert.equal(await rule('staging', pods), 'ScheduleAnyway')
    }
  })

  it('is wished for what has no volume', async () => {
    for (const pods of ['broker', 'api', 'worker']) assert.equal(await rule('production', pods), 'ScheduleAnyway')
  })
})
