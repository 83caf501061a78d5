import * as pulumi from '@pulumi/pulumi'
import { mockEngine, revealed } from '../../infra/doctor/planned-objects.ts'

/** A resource as the program registered it. */
export interface Registered {
  readonly urn: string
  /** Type and name of the resource, without those of its parents. */
  readonly type: string
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of any kind of object
  readonly inputs: any
  readonly options: pulumi.CustomResourceOptions
}

const IMAGE = `registry.example.com/tracardi-at-scale@sha256:${'0'.repeat(64)}`

/** When every certificate of the stacks ends. */
export const CERTIFICATE_END = '2028-11-22T00:00:00Z'

/** Answers for the engine and the providers, with texts that name their origin. */
const mocks: pulumi.runtime.Mocks = {
  newResource({ type, name, inputs, id }) {
    const state: Record<string, unknown> = { ...inputs }
    if (type === 'tls:index/privateKey:PrivateKey') {
      const isNext = name.endsWith('-key-2')
      state['publicKeyPem'] =
        `-----BEGIN PUBLIC KEY-----\n${isNext ? 'TkVYVA==' : 'UFVCTElD'}\n-----END PUBLIC KEY-----\n`
      state['privateKeyPem'] = `private key of ${name}`
      state['privateKeyPemPkcs8'] = isNext ? NEXT_PRIVATE_KEY : PRIVATE_KEY
    }
    if (type.startsWith('tls:') && type.includes('Cert')) state['certPem'] = `certificate of ${name}`
    if (/tls:.*(SelfSigned|LocallySigned)Cert$/.test(type)) state['validityEndTime'] = CERTIFICATE_END
    if (type.includes('CertRequest')) state['certRequestPem'] = `request of ${name}`
    if (type === 'random:index/randomPassword:RandomPassword')
      state['result'] = `password of ${name}${generation(inputs)}`
    if (type === 'docker:index/image:Image') state['repoDigest'] = IMAGE
    if (id === 'kube-system') state['metadata'] = { uid: 'uid of the cluster' }
    else if (type === 'kubernetes:core/v1:Namespace' && id) state['metadata'] = { uid: `uid of ${id}` }
    return { id: `${name}-id`, state }
  },
  call: () => ({}),
}

/** What another generation of a password has otherwise. */
function generation({ keepers }: { readonly keepers?: { readonly generation: string } }): string {
  return keepers === undefined ? '' : `, generation ${keepers.generation}`
}

const { generateKeyPairSync } = await import('node:crypto')
const privateKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
const PRIVATE_KEY = privateKey()
/** That of the second generation. */
const NEXT_PRIVATE_KEY = privateKey()

await pulumi.runtime.setMocks(mocks, 'tracardi-at-scale', 'test', false)

/**
 * Registers what `make` makes, and gives all that is managed, with its inputs settled. Every component that it makes takes the
 * options that it is given.
 *
 * @throws Error when two resources have the same URN, as the engine would.
 */
export async function registered(
  make: (opts: pulumi.ComponentResourceOptions) => void | Promise<void>,
): Promise<readonly Registered[]> {
  const monitor = await mockEngine(mocks, { stack: 'test', preview: false })
  const made: { resource: pulumi.Resource; options: pulumi.CustomResourceOptions }[] = []
  const remember: pulumi.ResourceTransformation = ({ resource, opts }) => {
    made.push({ resource, options: opts })
    return undefined
  }
  await make({ transformations: [remember] })
  // Waits until every output is known, and what is made from it too.
  await pulumi.runtime.disconnect()
  const options = new Map<string, pulumi.CustomResourceOptions>()
  for (const { resource, options: opts } of made) {
    const urn = await settled(resource.urn)
    if (options.has(urn)) throw new Error(`two resources have the URN ${urn}`)
    options.set(urn, opts)
  }
  // What has an id from the beginning is read, not made.
  const managed = [...monitor.getRegisteredResources().values()].filter(({ urn }) => options.get(urn)?.id === undefined)
  return managed.map(({ urn, state }) => {
    const [, , , types = '', name = ''] =
      urn.split('::').length > 4 ? urn.split('::') : ['', '', '', ...urn.split('::').slice(-2)]
    return { urn, type: types.split('$').at(-1) ?? '', name, inputs: revealed(state), options: options.get(urn) ?? {} }
  })
}

function settled<T>(value: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    value.apply(resolve)
  })
}
