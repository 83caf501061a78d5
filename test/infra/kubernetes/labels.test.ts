import assert from 'node:assert/strict'
import { versionLabel } from '../../../infra/kubernetes/labels.ts'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy, STACKS } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'

const label = (name: string) => `app.kubernetes.io/${name}`
const VERSION = label('version')

const EVERYTHING = {
  platform: { monitoringNamespaces: ['monitoring'] },
  proxy: { replicas: 1 },
  observability: { monitors: 'podMonitor', rules: true, dashboards: true },
}

/** What has no tier: the namespace with what holds for all of it, and what the guard keeps. */
const WITHOUT_TIER = ['Namespace tracardi', 'NetworkPolicy default-deny', 'ConfigMap tracardi-facts']

const objects = (resources: readonly Registered[]) =>
  resources
    .filter(({ type, inputs }) => type.startsWith('kubernetes:') && inputs?.metadata?.name)
    .map(({ type, inputs }) => ({ title: `${type.split(':').at(-1)} ${inputs.metadata.name}`, inputs }))
    .filter(({ title }) => !WITHOUT_TIER.includes(title))

describe('the recommended labels', () => {
  it('are on every object of a tier: name, component, instance, part-of and managed-by', async () => {
    for (const { title, inputs } of objects(await registeredBy(changed('staging', EVERYTHING)))) {
      const { labels } = inputs.metadata
      assert.equal(labels[label('component')], labels[label('name')], title)
      assert.equal(labels[label('instance')], 'platform', title)
      assert.equal(labels[label('part-of')], 'tracardi', title)
      assert.equal(labels[label('managed-by')], 'pulumi', title)
    }
  })

  for (const stack of STACKS) {
    it(`are on the pods of ${stack} and on what runs them, with the version of their image`, async () => {
      const resources = await registeredBy(changed(stack))
      const versions = podTemplates(resources)
        .filter(({ kind }) => kind !== 'Job')
        .map(({ name, metadata }) => {
          assert.equal(metadata.labels[label('component')], metadata.labels[label('name')], name)
          assert.equal(metadata.labels[label('instance')], 'platform', name)
          const workload = objects(resources).find(({ inputs: { spec } }) => spec?.template?.metadata === metadata)
          assert.deepEqual(workload?.inputs.metadata.labels, metadata.labels, name)
          return [name.replace(/-[abc]$/, ''), metadata.labels[VERSION]]
        })
      const found = Object.fromEntries(versions)
      assert.equal(found['zookeeper'], '4.0.6')
      assert.equal(found['elasticsearch-master'], '9.2.0')
    })
  }

  it('are not on pods of Jobs, which would be made again, nor in what selects', async () => {
    const resources = await registeredBy(changed('staging', EVERYTHING))
    for (const { name, kind, metadata } of podTemplates(resources)) {
      if (kind === 'Job')
        assert.deepEqual(Object.keys(metadata.labels).sort(), ['managed-by', 'name', 'part-of'].map(label), name)
    }
    const selectors = JSON.stringify(
      objects(resources).map(({ inputs: { spec } }) => [spec?.selector, spec?.podSelector, spec?.volumeClaimTemplates]),
    )
    assert.match(selectors, /part-of/)
    assert.doesNotMatch(selectors, /component|instance|version/)
  })
})

describe('the label of a version', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['apachepulsar/pulsar:4.0.6', '4.0.6'],
    [`registry.example.com:5000/pulsar:4.0.6@${digest}`, '4.0.6'],
    ['registry.example.com:5000/pulsar', undefined],
    [`registry.example.com/pulsar@${digest}`, undefined],
    [`pulsar:${'1'.repeat(63)}`, '1'.repeat(63)],
    [`pulsar:${'1'.repeat(64)}`, undefined],
    ['pulsar:4.0-', undefined],
  ]
  for (const [image, version] of cases) {
    it(`of ${image} is ${version ?? 'none'}`, () => {
      assert.deepEqual(versionLabel(image), version === undefined ? {} : { [VERSION]: version })
    })
  }
})
