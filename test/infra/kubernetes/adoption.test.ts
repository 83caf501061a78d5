import assert from 'node:assert/strict'
import type { ProviderResource, ResourceTransformationArgs } from '@pulumi/pulumi'
import { adoptsWhatIsAwaited } from '../../../infra/kubernetes/adoption.ts'

describe('what the engine was killed in the middle of', () => {
  const adopting = {} as ProviderResource
  const adopts = (type: string, props: object = {}): boolean => {
    const opts = { protect: true }
    const changed = adoptsWhatIsAwaited(adopting)({ type, props, opts, name: 'it' } as ResourceTransformationArgs)
    if (changed === undefined) return false
    assert.deepEqual(changed, { props, opts: { protect: true, provider: adopting } })
    return true
  }

  it('is adopted where an update waits for it', () => {
    assert.equal(adopts('kubernetes:batch/v1:Job'), true)
    assert.equal(adopts('kubernetes:apps/v1:Deployment'), true)
    assert.equal(adopts('kubernetes:apps/v1:StatefulSet', { spec: { volumeClaimTemplates: [] } }), true)
  })

  it('is never adopted where it holds data', () => {
    assert.equal(adopts('kubernetes:apps/v1:StatefulSet', { spec: { volumeClaimTemplates: [{}] } }), false)
    assert.equal(adopts('kubernetes:core/v1:PersistentVolumeClaim'), false)
    assert.equal(adopts('kubernetes:core/v1:Namespace'), false)
    assert.equal(adopts('kubernetes:core/v1:ConfigMap'), false)
  })
})
