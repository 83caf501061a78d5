import assert from 'node:assert/strict'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

type Changes = Readonly<Record<string, unknown>>

const labels = (tier: string) => ({
  'app.kubernetes.io/part-of': 'tracardi',
  'app.kubernetes.io/name': tier,
  'app.kubernetes.io/component': tier,
  'app.kubernetes.io/instance': 'platform',
  'app.kubernetes.io/managed-by': 'pulumi',
})

async function inputsOf(stack: StackName, kind: string, changes: Changes = {}) {
  return ofType(await registeredBy(changed(stack, changes)), kind).map(({ inputs }) => inputs)
}

/** Replicas of a tier, and whether an update leaves those that a scaler has set. */
async function replicasOf(stack: StackName, tier: string, changes: Changes = {}) {
  const deployments = ofType(await registeredBy(changed(stack, changes)), 'Deployment')
  const found = deployments.find(({ inputs }) => inputs.metadata.name === tier)
  return { replicas: found?.inputs.spec.replicas, ignored: found?.options.ignoreChanges ?? [] }
}

describe('the scaler of the API', () => {
  it('holds the CPU that the stack states: up immediately, down slowly', async () => {
    const [scaler, ...others] = await inputsOf('production', 'HorizontalPodAutoscaler', {
      api: { replicas: 12, minReplicas: 11, maxReplicas: 40, targetCpuPercent: 55 },
    })
    assert.deepEqual(others, [])
    assert.deepEqual(scaler, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'api', namespace: 'tracardi', labels: labels('api') },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
        minReplicas: 11,
        maxReplicas: 40,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
        ],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
          scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }] },
        },
      },
    })
  })

  it('keeps its count through updates, and only its own', async () => {
    assert.deepEqual(await replicasOf('production', 'api'), { replicas: 10, ignored: ['spec.replicas'] })
    assert.deepEqual((await replicasOf('production', 'worker')).ignored, [])
  })

  it('is none where the stack states the count', async () => {
    assert.deepEqual(await inputsOf('staging', 'HorizontalPodAutoscaler'), [])
    assert.deepEqual(await replicasOf('staging', 'api', { api: { replicas: 7 } }), { replicas: 7, ignored: [] })
  })
})

const behavior = {
  scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: 'Percent', value: 100, periodSeconds: 60 }] },
  scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }] },
}

describe('the scaler of the workers', () => {
  const hpa = { autoscaling: 'hpa', replicas: 2, maxReplicas: 8, targetBusyPercent: 65 }
  const keda = { autoscaling: 'keda', replicas: 2, maxReplicas: 8, backlogPerWorker: 150 }

  it('holds with hpa the bulks in flight, as a part of those that a worker may have', async () => {
    const changes = { workers: hpa, runtime: { BULK_CONCURRENCY: 3 } }
    assert.deepEqual(await inputsOf('staging', 'HorizontalPodAutoscaler', changes), [
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'worker', namespace: 'tracardi', labels: labels('worker') },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'worker' },
          minReplicas: 2,
          maxReplicas: 8,
          metrics: [
            {
              type: 'Pods',
              pods: {
                metric: { name: 'tracardi_worker_bulks_in_flight' },
                target: { type: 'AverageValue', averageValue: '1950m' },
              },
            },
          ],
          behavior,
        },
      },
    ])
  })

  const scaledObject = (metadata: object, reference: object) => ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'worker', namespace: 'tracardi', labels: labels('worker') },
    spec: {
      scaleTargetRef: { name: 'worker' },
      minReplicaCount: 2,
      maxReplicaCount: 8,
      fallback: { failureThreshold: 3, replicas: 2, behavior: 'currentReplicasIfHigher' },
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: [
        {
          type: 'pulsar',
          metadata: {
            adminURL: 'http://broker.tracardi.svc.cluster.local:8080',
            topic: 'persistent://shop/system/functions',
            isPartitionedTopic: 'true',
            subscription: 'tracardi-function-subscription',
            msgBacklogThreshold: '150',
            ...metadata,
          },
          ...reference,
        },
      ],
    },
  })

  it('reads with keda the backlog of the subscription, with the token of the workers', async () => {
    const changes = { workers: keda, runtime: { PULSAR_TENANT: 'shop' } }
    const [scaler] = await inputsOf('staging', 'ScaledObject', changes)
    assert.deepEqual(scaler, scaledObject({ authModes: 'bearer' }, { authenticationRef: { name: 'worker' } }))
    assert.deepEqual(await inputsOf('staging', 'TriggerAuthentication', changes), [
      {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'TriggerAuthentication',
        metadata: { name: 'worker', namespace: 'tracardi', labels: labels('worker') },
        spec: { secretTargetRef: [{ parameter: 'bearerToken', name: 'pulsar-token-worker', key: 'token' }] },
      },
    ])
  })

  it('reads it with keda without a token where a Pulsar that exists asks for none', async () => {
    const adminUrl = 'http://broker.tracardi.svc.cluster.local:8080'
    const pulsar = { serviceUrl: 'pulsar://p:6650', adminUrl }
    const changes = { workers: keda, runtime: { PULSAR_TENANT: 'shop' }, pulsar }
    assert.deepEqual(await inputsOf('dev', 'ScaledObject', changes), [scaledObject({}, {})])
    assert.deepEqual(await inputsOf('dev', 'TriggerAuthentication', changes), [])
  })

  it('keeps its count through updates', async () => {
    for (const workers of [hpa, keda]) {
      assert.deepEqual(await replicasOf('staging', 'worker', { workers }), { replicas: 2, ignored: ['spec.replicas'] })
    }
    assert.deepEqual((await replicasOf('staging', 'api', { workers: keda })).ignored, [])
  })

  it('is none where the stack states the count', async () => {
    assert.deepEqual(await inputsOf('staging', 'ScaledObject'), [])
    assert.deepEqual(await replicasOf('staging', 'worker'), { replicas: 2, ignored: [] })
  })
})
