import assert from 'node:assert/strict'
import type { Resource } from '@pulumi/pulumi'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

async function checkOf(stack: StackName, changes: Readonly<Record<string, unknown>> = {}): Promise<Registered> {
  const pods = ofType(await registeredBy(changed(stack, changes)), 'Pod')
  assert.equal(pods.length, 1)
  return pods[0] as Registered
}

const ZONES = (spec: Registered['inputs']) =>
  spec.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]

describe('the check of the image', () => {
  for (const stack of STACKS) {
    it(`starts the image of the programs of ${stack} once, and set-up waits for it`, async () => {
      const resources = await registeredBy(changed(stack))
      const { inputs, options, urn } = await checkOf(stack)
      const api = ofType(resources, 'Deployment').find(({ name }) => name === 'api') as Registered
      const [container] = inputs.spec.containers
      assert.equal(container.image, api.inputs.spec.template.spec.containers[0].image)
      assert.deepEqual(container.command, ['node', '--version'])
      assert.equal(inputs.spec.restartPolicy, 'OnFailure')
      assert.deepEqual(options.customTimeouts, { create: '4m', update: '4m' })
      const setUp = resources.find(({ type }) => type === 'tracardi-at-scale:runtime:SetUp') as Registered
      assert.ok((await dependenciesOf(setUp)).includes(urn))
    })
  }

  it('asks for next to nothing, and runs as every pod does', async () => {
    const { inputs } = await checkOf('staging')
    const [{ resources, securityContext }] = inputs.spec.containers
    assert.deepEqual(resources.requests, { cpu: '10m', memory: '64Mi', 'ephemeral-storage': '64Mi' })
    assert.equal(securityContext.readOnlyRootFilesystem, true)
    assert.equal(inputs.spec.automountServiceAccountToken, false)
    assert.equal(inputs.spec.securityContext.runAsNonRoot, true)
  })

  it('waits for a node of any of the zones, and uses the credentials of the registry', async () => {
    const { inputs } = await checkOf('staging', {
      platform: { zones: ['x', 'y', 'z'] },
      images: { pullSecret: 'registry' },
    })
    assert.deepEqual(ZONES(inputs.spec), {
      key: 'topology.kubernetes.io/zone',
      operator: 'In',
      values: ['x', 'y', 'z'],
    })
    assert.deepEqual(inputs.spec.imagePullSecrets, [{ name: 'registry' }])
    assert.equal(ZONES((await checkOf('dev')).inputs.spec), undefined)
  })

  it('is another pod for another image, for no pod changes, and the same pod for anything else', async () => {
    const nameOf = async (changes: Readonly<Record<string, unknown>>) =>
      (await checkOf('staging', changes)).inputs.metadata.name
    const name = await nameOf({})
    assert.match(name, /^image-check-[0-9a-f]{8}$/)
    const others = [{ images: { runtime: 'example.com/t:2' } }, { images: { pullSecret: 'registry' } }]
    for (const changes of others) assert.notEqual(await nameOf(changes), name)
    assert.equal(await nameOf({ api: { replicas: 5 }, runtime: { BULK_SIZE: 501 } }), name)
  })
})

/** The URNs that a resource states to depend on. */
async function dependenciesOf({ options }: Registered): Promise<readonly string[]> {
  const given = [options.dependsOn ?? []].flat() as readonly Resource[]
  return Promise.all(given.map(({ urn }) => new Promise<string>((resolve) => urn.apply(resolve))))
}
