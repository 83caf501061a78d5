import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Registered } from '../support/registered.ts'
import { changed, registeredBy, STACKS } from '../support/stack.ts'
import { containersOf, mib, ofType, podTemplates } from '../support/workloads.ts'

/** Pods that ask the API server: Jobs that drain servers before they go, or restart them, and the keeper of budgets. */
const ASKING = /-(drain-before|drain-after|roll-out)-[0-9a-f]{8}$|^budget-keeper$/

for (const stack of STACKS) {
  describe(`the ${stack} stack`, () => {
    let resources: readonly Registered[]
    before(async () => {
      resources = await registeredBy(changed(stack))
    })

    // Names are identity: another one is another resource, and the old one is deleted. Change this list only on purpose.
    it('registers exactly the resources of its list', () => {
      const path = new URL(`urns/${stack}.txt`, import.meta.url)
      const urns = resources.map(({ urn }) =>
        urn.replaceAll('tracardi-at-scale:', '').replace('urn:pulumi:test::tracardi-at-scale::', ''),
      )
      const text = `${[...urns].sort().join('\n')}\n`.replaceAll('urn:pulumi:test:::', '')
      if (process.env['UPDATE_URNS']) writeFileSync(path, text)
      assert.equal(text, readFileSync(path, 'utf8'))
    })

    it('gives every object its fixed name in its namespace', () => {
      for (const { type, inputs } of resources.filter((resource) => resource.type.startsWith('kubernetes:'))) {
        if (inputs.metadata === undefined) continue
        assert.ok(inputs.metadata.name, type)
        if (!type.endsWith(':Namespace'))
          assert.equal(inputs.metadata.namespace, 'tracardi', `${type} ${inputs.metadata.name}`)
      }
    })

    it('runs every pod as PodSecurity restricted asks, with a read-only root, and a token only for those that ask the API server', () => {
      for (const { name, spec } of podTemplates(resources)) {
        assert.equal(spec.automountServiceAccountToken, ASKING.test(name), name)
        assert.equal(spec.securityContext.runAsNonRoot, true, name)
        assert.deepEqual(spec.securityContext.seccompProfile, { type: 'RuntimeDefault' }, name)
        for (const container of containersOf(spec)) {
          assert.deepEqual(
            container.securityContext,
            {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              runAsNonRoot: true,
              capabilities: { drop: ['ALL'] },
            },
            name,
          )
        }
      }
    })

    it('gives every container of a server all three probes, and every container requests and limits', () => {
      for (const { name, kind, spec } of podTemplates(resources)) {
        for (const { resources: given } of containersOf(spec)) {
          assert.equal(given.requests.memory, given.limits.memory, name)
          assert.ok(given.requests.cpu && given.limits.cpu, name)
        }
        if (kind === 'Job') continue
        for (const container of spec.containers) {
          assert.ok(container.startupProbe && container.readinessProbe && container.livenessProbe, name)
          const { periodSeconds, failureThreshold } = container.livenessProbe
          assert.ok(periodSeconds * failureThreshold <= 180, `${name} is dead for less than 3 minutes`)
        }
      }
    })

    it('lets heap, direct memory and the rest of every JVM fit its limit', () => {
      for (const { name, spec } of podTemplates(resources)) {
        for (const container of spec.containers) {
          const options: string =
            container.env.find((entry: { name: string }) => entry.name === 'PULSAR_MEM')?.value ?? ''
          const heap = Number(/-Xmx(\d+)m/.exec(options)?.[1] ?? 0)
          const direct = Number(/MaxDirectMemorySize=(\d+)m/.exec(options)?.[1] ?? 0)
          assert.ok(heap + direct + 200 <= mib(container.resources.limits.memory), `${name}: ${options}`)
        }
      }
    })

    it('gives every pod longer to end than its program takes', () => {
      const least: Record<string, number> = { broker: 10 + 60, api: 10 + 25, worker: 25, zookeeper: 30 }
      for (const { name, spec } of podTemplates(resources)) {
        assert.ok(spec.terminationGracePeriodSeconds >= (least[name] ?? 30), name)
      }
    })

    it('budgets the disruption of every tier of pods that stay', () => {
      const budgets = ofType(resources, 'PodDisruptionBudget').map(({ inputs }) => inputs.spec.selector.matchLabels)
      for (const { name, kind, metadata } of podTemplates(resources)) {
        if (kind === 'Job') continue
        const covered = budgets.filter((labels) =>
          Object.entries(labels).every(([key, value]) => metadata.labels[key] === value),
        )
        assert.equal(covered.length, 1, name)
      }
    })

    it('keeps claims and what cannot change of its sets out of reach of its configuration', () => {
      for (const { inputs, options } of ofType(resources, 'StatefulSet')) {
        assert.deepEqual(options.ignoreChanges, ['spec.volumeClaimTemplates'])
        assert.equal(inputs.spec.podManagementPolicy, 'Parallel')
        assert.deepEqual(inputs.spec.persistentVolumeClaimRetentionPolicy, {
          whenDeleted: 'Retain',
          whenScaled: 'Retain',
        })
      }
      const claims = ofType(resources, 'PersistentVolumeClaim').map(({ inputs }) => inputs.metadata.name)
      const expected = ofType(resources, 'StatefulSet').flatMap(({ inputs }) =>
        (inputs.spec.volumeClaimTemplates ?? []).flatMap((claim: { metadata: { name: string } }) =>
          Array.from({ length: inputs.spec.replicas }, (_, n) => `${claim.metadata.name}-${inputs.metadata.name}-${n}`),
        ),
      )
      assert.deepEqual([...claims].sort(), [...expected].sort())
    })

    it('has no secret outside of Secrets', () => {
      const elsewhere = resources.filter(({ type }) => type.startsWith('kubernetes:') && !type.endsWith(':Secret'))
      const text = JSON.stringify(elsewhere.map(({ inputs }) => inputs))
      assert.doesNotMatch(text, /PRIVATE KEY|private key of|password of|eyJhbGci/)
    })
  })
}

describe('what is left when a stack is destroyed', () => {
  const options = async (stack: (typeof STACKS)[number], kind: string) =>
    ofType(await registeredBy(changed(stack)), kind).map(({ options: given }) => given)

  it('is nothing in dev: everything goes with the namespace', async () => {
    for (const kind of ['PersistentVolumeClaim', 'StatefulSet', 'Deployment', 'ConfigMap']) {
      for (const { deletedWith, protect, retainOnDelete } of await options('dev', kind)) {
        assert.ok(deletedWith, kind)
        assert.equal(protect, undefined)
        assert.equal(retainOnDelete, undefined)
      }
    }
  })

  it('are the volumes in staging', async () => {
    for (const kind of ['Namespace', 'PersistentVolumeClaim']) {
      for (const { protect, retainOnDelete } of await options('staging', kind)) {
        assert.deepEqual({ protect, retainOnDelete }, { protect: undefined, retainOnDelete: true }, kind)
      }
    }
  })

  it('are the volumes in production, where what they belong to is protected besides', async () => {
    for (const kind of ['Namespace', 'StatefulSet', 'SelfSignedCert']) {
      const given = await options('production', kind)
      assert.ok(given.length > 0, kind)
      for (const { protect } of given) assert.equal(protect, true, kind)
    }
    const resources = await registeredBy(changed('production', { backup: { type: 's3', location: 'snapshots' } }))
    const made = [...ofType(resources, 'PrivateKey'), ...ofType(resources, 'RandomPassword')]
    // What an `up` may replace is not: nobody needs to lift a protection for that.
    assert.deepEqual(
      made.filter(({ options: { protect } }) => protect).map(({ name }) => name),
      ['elasticsearch-authority-key', 'elasticsearch-node-key'],
    )
    assert.equal(made.length, 7)
    // A server that was drained goes by an update alone, so nobody needs to lift a protection.
    for (const { protect, retainOnDelete } of await options('production', 'PersistentVolumeClaim'))
      assert.deepEqual({ protect, retainOnDelete }, { protect: undefined, retainOnDelete: true })
  })
})
