import assert from 'node:assert/strict'
import { RunError } from '@pulumi/pulumi'
import { planFromEngine, statedWithoutSecrets } from '../../../infra/config/pulumi.ts'

describe('the configuration from the engine', () => {
  it('is every key of the project, objects from JSON and secrets as they are', () => {
    const plan = planFromEngine('tracardi-at-scale', {
      'tracardi-at-scale:platform': '{"environment":"dev","namespace":"events"}',
      'tracardi-at-scale:images': '{"mode":"prebuilt","runtime":"registry.example.com/runtime:1"}',
      'tracardi-at-scale:sources': '{"shop":{"name":"Shop","allowedOrigins":["*"]}}',
      'tracardi-at-scale:pulsarToken': '{"not":"parsed"}',
      'other:platform': '{"namespace":"of another project"}',
    })
    assert.equal(plan.platform.namespace, 'events')
    assert.equal(plan.images.runtime, 'registry.example.com/runtime:1')
    assert.equal(plan.secrets.pulsarToken, '{"not":"parsed"}')
  })

  it('is stated with placeholders for its secrets, so that a plan of existing servers is made without them', () => {
    const stated = statedWithoutSecrets('tracardi-at-scale', {
      'tracardi-at-scale:platform': '{"environment":"dev"}',
      'tracardi-at-scale:elasticApiKey': 'the key',
      'tracardi-at-scale:sourceSecrets': '{"shop":["0123456789abcdef"]}',
    })
    assert.deepEqual(stated, { platform: { environment: 'dev' }, elasticApiKey: 'a secret' })
  })

  it('with faults ends the run with all of them, as a text for people', () => {
    const faulty = { 'tracardi-at-scale:platform': 'dev', 'tracardi-at-scale:runtime': '{"ELASTIC_INDEX_SHARD":1}' }
    assert.throws(
      () => planFromEngine('tracardi-at-scale', faulty),
      (error: unknown) => {
        assert.ok(RunError.isInstance(error))
        assert.match(
          error.message,
          /^the stack's configuration has 2 faults:\n {2}- platform .*\n {2}- runtime\.ELASTIC_INDEX_SHARD /,
        )
        return true
      },
    )
  })
})
