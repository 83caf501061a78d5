import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { loadTestObjects } from '../../../infra/load-test/job.ts'
import { changed } from '../../support/stack.ts'

const IMAGE = 'registry.example.com/tracardi-at-scale@sha256:1'

// biome-ignore lint/suspicious/noExplicitAny: objects of several kinds
function objectsOf(raw: Readonly<Record<string, unknown>>, eventsPerSecond = 2000): readonly any[] {
  const args = { image: IMAGE, name: 'load-test-1', flags: ['--duration', '60s'], deadlineSeconds: 4000 }
  return loadTestObjects({ plan: planOf(raw), eventsPerSecond, ...args })
}

describe('the Job of a load test', () => {
  const job = (raw = changed('production')) => objectsOf(raw).find(({ kind }) => kind === 'Job')

  it('runs the command once, against the platform and every instance of it', () => {
    const { backoffLimit, activeDeadlineSeconds, template } = job().spec
    assert.deepEqual([backoffLimit, activeDeadlineSeconds, template.spec.restartPolicy], [0, 4000, 'Never'])
    const [{ image, args, envFrom }] = template.spec.containers
    assert.equal(image, IMAGE)
    assert.deepEqual(args, [
      'load-test',
      '--target',
      'http://api.tracardi.svc.cluster.local:8585',
      '--metrics',
      'http://load-test-1-api.tracardi.svc.cluster.local:9464,http://load-test-1-worker.tracardi.svc.cluster.local:9464',
      '--record',
      '-',
      '--duration',
      '60s',
    ])
    assert.deepEqual(envFrom, [{ configMapRef: { name: 'worker-settings' } }])
  })

  it('asks for as much CPU as its load takes, so that a small one finds a place, and for two cores at most', () => {
    const requested = [50, 2000, 100_000].map((eventsPerSecond) => {
      const { spec } = objectsOf(changed('dev'), eventsPerSecond).find(({ kind }) => kind === 'Job')
      return spec.template.spec.containers[0].resources.requests.cpu
    })
    assert.deepEqual(requested, ['110m', '500m', '2000m'])
  })

  it('is what PodSecurity restricted admits', () => {
    const { spec } = job().spec.template
    const { securityContext } = spec.containers[0]
    assert.equal(spec.securityContext.runAsNonRoot, true)
    assert.deepEqual(spec.securityContext.seccompProfile, { type: 'RuntimeDefault' })
    assert.equal(spec.automountServiceAccountToken, false)
    assert.equal(securityContext.allowPrivilegeEscalation, false)
    assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] })
    assert.equal(securityContext.readOnlyRootFilesystem, true)
    const kinds = spec.volumes.map((volume: object) => Object.keys(volume).find((key) => key !== 'name'))
    assert.deepEqual(kinds, ['emptyDir', 'secret', 'secret', 'configMap'])
  })

  it('gets in with the secrets of a stack that has them, and without in one that has none', () => {
    const names = (raw: Readonly<Record<string, unknown>>) =>
      job(raw).spec.template.spec.volumes.map(({ name }: { name: string }) => name)
    assert.deepEqual(names(changed('production')), ['tmp', 'pulsar-token', 'elasticsearch', 'authority'])
    assert.deepEqual(names(changed('dev')), ['tmp'])
  })

  it('comes with names for every pod, and with policies for what it reaches and no more', () => {
    const objects = objectsOf(changed('production'))
    assert.deepEqual(
      objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      [
        'Service load-test-1-api',
        'Service load-test-1-worker',
        'NetworkPolicy load-test-1-to-programs',
        'NetworkPolicy load-test-1-reads-api',
        'NetworkPolicy load-test-1-reads-worker',
        'Job load-test-1',
      ],
    )
    for (const { metadata } of objects) assert.equal(metadata.labels['tracardi.com/load-test'], 'load-test-1')
    const { spec } = objects.find(({ metadata }) => metadata.name === 'load-test-1-to-programs')
    assert.deepEqual(spec.podSelector.matchLabels, { 'tracardi.com/load-test': 'load-test-1' })
    assert.deepEqual(
      spec.egress.map(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port)),
      [[8585, 9464], [9464]],
    )
  })

  it('is not made for servers that are not of the stack', () => {
    const raw = changed('dev', { elasticsearch: { url: 'http://search:9200' } })
    assert.throws(() => objectsOf(raw), /a Job is possible only for a stack with its own Pulsar and Elasticsearch/)
  })
})
