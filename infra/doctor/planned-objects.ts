import { generateKeyPairSync } from 'node:crypto'
import * as pulumi from '@pulumi/pulumi'
import type { Plan } from '../config/resolved.ts'
import { Platform } from '../platform.ts'
import { platformSettings } from '../stack-args.ts'

/** An object that a stack would have in the cluster, with its inputs settled. */
export interface PlannedObject {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of any kind of object
  readonly inputs: any
}

/** A placeholder for the image of the runtime: no check depends on it. */
const IMAGE = `tracardi-at-scale@sha256:${'0'.repeat(64)}`

/**
 * Every object that the platform of a plan registers, in the order of registration. No engine and no cluster is asked, and
 * generated secrets are placeholders. It replaces the engine of this process, so it cannot run in the program of a stack.
 */
export async function plannedObjects(plan: Plan): Promise<readonly PlannedObject[]> {
  const objects: PlannedObject[] = []
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const generated = {
    privateKeyPem: privateKey,
    privateKeyPemPkcs8: privateKey,
    publicKeyPem: '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n',
    certPem: '',
    certRequestPem: '',
    validityEndTime: '2100-01-01T00:00:00Z',
    result: '',
  }
  await mockEngine(
    {
      newResource({ type, name, inputs, id }) {
        const [, group = '', version = '', kind = ''] = /^kubernetes:(?:(.+)\/)?(v\w+):(\w+)$/.exec(type) ?? []
        // What has an id from the beginning is read, not made.
        if (kind !== '' && !id)
          objects.push({ group: group === 'core' ? '' : group, version, kind, inputs: revealed(inputs) })
        return { id: name, state: { ...generated, ...inputs, ...(id ? { metadata: { uid: id } } : {}) } }
      },
      call: () => ({}),
    },
    { stack: 'doctor', preview: true },
  )
  new Platform('platform', { ...platformSettings(plan), runtimeImage: IMAGE, prefix: '' })
  await pulumi.runtime.disconnect()
  return objects
}

/** The part of the mock of the engine that the project uses. */
export interface MockMonitor {
  getRegisteredResources(): ReadonlyMap<string, { readonly urn: string; readonly state: unknown }>
  registerResourceHook(request: unknown, done: (error: null, answer: object) => void): void
}

/** Replaces the engine of this process by a mock that also takes resource hooks. */
export async function mockEngine(
  mocks: pulumi.runtime.Mocks,
  { stack, preview }: { readonly stack: string; readonly preview: boolean },
): Promise<MockMonitor> {
  await pulumi.runtime.setMocks(mocks, 'tracardi-at-scale', stack, preview)
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor
  // The mock says that it knows hooks, but has no place for them.
  monitor.registerResourceHook = (_request, done) => done(null, {})
  return monitor
}

/** The mark with which the engine wraps a secret on its way. */
const SECRET_MARK = '4dabf18193072939515e22adb298388d'

/** Inputs with their secrets as the API server would get them. */
export function revealed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revealed)
  if (SECRET_MARK in value) return revealed((value as unknown as { value: unknown }).value)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]))
}
