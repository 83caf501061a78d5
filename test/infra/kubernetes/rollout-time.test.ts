import assert from 'node:assert/strict'
import type { PodTemplate } from '../../../infra/kubernetes/pod.ts'
import { rolloutSeconds } from '../../../infra/kubernetes/rollout-time.ts'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy, STACKS } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

const probe = (periodSeconds: number, timeoutSeconds: number, failureThreshold: number) => ({
  periodSeconds,
  timeoutSeconds,
  failureThreshold,
})

const template = (grace: number, ...containers: readonly object[]): PodTemplate =>
  ({ spec: { terminationGracePeriodSeconds: grace, containers } }) as unknown as PodTemplate

/** Longest start 905 s, ready 15 s after it. */
const SERVER = { startupProbe: probe(5, 5, 180), readinessProbe: probe(10, 5, 3) }

describe('rolloutSeconds', () => {
  const rollout = { template: template(60, SERVER), steps: 3, minReadySeconds: 10 }

  it('is for each step the grace period, the longest start, the readiness and two minutes without a probe', () => {
    assert.equal(rolloutSeconds({ ...rollout, steps: 1 }), 60 + 120 + 905 + 15 + 10)
    assert.equal(rolloutSeconds(rollout), 3 * 1110)
  })

  it('counts the slowest container of a pod, for containers start together', () => {
    const beside = { startupProbe: probe(5, 5, 2), readinessProbe: probe(30, 10, 3) }
    assert.equal(rolloutSeconds({ ...rollout, template: template(60, SERVER, beside) }), 3 * (60 + 120 + 905 + 40 + 10))
  })

  it('has one longest start for all steps where a usual start is named', () => {
    assert.equal(rolloutSeconds({ ...rollout, usualStartSeconds: 305 }), 3 * 510 + 600)
  })

  it('does not count a usual start that the probe does not allow', () => {
    assert.equal(rolloutSeconds({ ...rollout, usualStartSeconds: 1200 }), 3 * 1110)
  })

  it('is ten minutes at least, also for pods without probes', () => {
    assert.equal(rolloutSeconds({ template: template(60, {}), steps: 3, minReadySeconds: 10 }), 600)
    assert.equal(rolloutSeconds({ template: template(60, {}), steps: 4, minReadySeconds: 10 }), 760)
  })
})

/** Seconds that an update waits for a workload, to make it and to change it. */
const waits = ({ options }: Registered): readonly number[] => {
  const { create, update } = options.customTimeouts as { create: string; update: string }
  return [create, update].map((text) => Number(/^(\d+)s$/.exec(text)?.[1]))
}

/** Seconds from the end of one pod to another that is ready, at most, with a start that takes no longer than `startSeconds`. */
function podSeconds({ inputs }: Registered, startSeconds = Number.POSITIVE_INFINITY): number {
  const { template, minReadySeconds } = inputs.spec
  const { startupProbe: startup, readinessProbe: ready } = template.spec.containers[0]
  const start = Math.min(startSeconds, startup.periodSeconds * startup.failureThreshold)
  return template.spec.terminationGracePeriodSeconds + start + ready.periodSeconds + minReadySeconds
}

describe('the time that an update waits', () => {
  for (const stack of STACKS) {
    it(`is enough in ${stack} for every pod of a set, the longest start of one bookie included`, async () => {
      for (const set of ofType(await registeredBy(changed(stack)), 'StatefulSet')) {
        const pods = set.inputs.spec.replicas
        const usual = set.name.startsWith('bookkeeper') ? 600 : Number.POSITIVE_INFINITY
        const least = (pods - 1) * podSeconds(set, usual) + podSeconds(set)
        for (const seconds of waits(set)) assert.ok(seconds >= least, `${set.name}: ${seconds} s, pods take ${least} s`)
      }
    })

    it(`is enough in ${stack} for every step of a Deployment, whose own deadline a pod does not reach`, async () => {
      for (const each of ofType(await registeredBy(changed(stack)), 'Deployment')) {
        const { replicas, strategy, progressDeadlineSeconds } = each.inputs.spec
        const surge = Math.ceil((replicas * Number.parseInt(strategy.rollingUpdate.maxSurge, 10)) / 100)
        const least = Math.ceil(replicas / surge) * podSeconds(each)
        for (const seconds of waits(each))
          assert.ok(seconds >= least, `${each.name}: ${seconds} s, pods take ${least} s`)
        assert.ok(progressDeadlineSeconds >= podSeconds(each), each.name)
      }
    })
  }

  it('follows the limit of a start of the bookies', async () => {
    const bookies = async (startMinutes: number) => {
      const resources = await registeredBy(changed('dev', { bookkeeper: { startMinutes } }))
      return waits(ofType(resources, 'StatefulSet').find(({ name }) => name === 'bookkeeper') as Registered)
    }
    assert.deepEqual(await bookies(60), [3860, 3860])
    assert.deepEqual(await bookies(120), [7460, 7460])
    assert.deepEqual(await bookies(5), [600, 600])
  })

  it('is that of four steps where a scaler decides how many pods there are', async () => {
    const api = async (autoscaling: string) => {
      const resources = await registeredBy(changed('dev', { api: { replicas: 1, autoscaling, maxReplicas: 9 } }))
      return waits(ofType(resources, 'Deployment').find(({ name }) => name === 'api') as Registered)
    }
    assert.deepEqual(await api('none'), [600, 600])
    assert.deepEqual(await api('cpu'), [1200, 1200])
  })
})
