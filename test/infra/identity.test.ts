import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Registered } from '../support/registered.ts'
import { changed, registeredBy, type StackName } from '../support/stack.ts'

type Changes = Readonly<Record<string, unknown>>

/** Stacks that exist, with everything that a stack can have, and with servers that are not of the stack. */
const PROGRAMS: Readonly<Record<string, readonly [StackName, Changes]>> = {
  dev: ['dev', { images: { mode: 'prebuilt', runtime: 'registry.example.com/prebuilt:1' } }],
  staging: ['staging', {}],
  // As many data nodes as its load asked for when it was recorded: fewer are refused by the guard, not by this test.
  production: ['production', { elasticsearch: { dataNodes: 6 } }],
  everything: [
    'staging',
    {
      platform: { monitoringNamespaces: ['monitoring'], operatorNamespaces: ['sso'], storageClass: 'fast' },
      proxy: { replicas: 2 },
      workers: { autoscaling: 'keda', maxReplicas: 8 },
      observability: { monitors: 'podMonitor', rules: true, dashboards: true },
      images: { pullSecret: 'pull' },
    },
  ],
  // With what was added since the first records: warm nodes, snapshots, and the nightly Job.
  tiers: [
    'staging',
    {
      elasticsearch: { warmNodes: 3, warmStorageClass: 'cheap', expireIndices: true },
      backup: { type: 's3', location: 'snapshots' },
    },
  ],
  external: [
    'staging',
    {
      pulsar: { serviceUrl: 'pulsar+ssl://p.example.com:6652', adminUrl: 'https://p.example.com:8443' },
      elasticsearch: { url: 'https://one.example.com:9243' },
      pulsarToken: 'token',
      elasticApiKey: 'key',
    },
  ],
}

/**
 * Fields whose change replaces an object instead of patching it, by kind: the list of the Kubernetes provider (`forceNew` in
 * its provider/pkg/provider/diff.go), besides name and namespace. Jobs and pods of the set-up carry a digest in their name,
 * because another one is made on purpose when they change.
 */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  StatefulSet: ['podManagementPolicy', 'revisionHistoryLimit', 'selector', 'serviceName', 'volumeClaimTemplates'],
  Deployment: ['selector'],
  PersistentVolumeClaim: ['accessModes', 'selector', 'storageClassName', 'volumeName'],
  Service: ['clusterIP', 'type', 'selector'],
  PodDisruptionBudget: ['selector'],
}

/** Made once: another input would make another key or password, which volumes and clients do not know. */
const MADE_ONCE = /:(PrivateKey|RandomPassword)$/

interface Identity {
  readonly urn: string
  /** Name of the object, without the digest of a Job. */
  readonly name?: string
  readonly namespace?: string
  readonly immutable?: Readonly<Record<string, unknown>>
  /** All that it is made from. */
  readonly inputs?: Readonly<Record<string, unknown>>
}

/** Sizes of claims follow from the load: a larger one is patched, and the guard refuses a smaller one before anything changes. */
function withoutSizes(one: Identity | undefined): unknown {
  return JSON.parse(JSON.stringify(one ?? null, (key, value) => (key === 'storage' ? undefined : value)))
}

/** Only the inputs: the stand-in of the engine keeps its results with them. */
function madeFrom({ algorithm, rsaBits, ecdsaCurve, length, special, keepers }: Registered['inputs']) {
  return JSON.parse(JSON.stringify({ algorithm, rsaBits, ecdsaCurve, length, special, keepers }))
}

function identity({ urn, type, inputs }: Registered): Identity {
  const kind = type.split(':').at(-1) as string
  const { name, namespace } = inputs?.metadata ?? {}
  const fields = IMMUTABLE[kind]?.map((field) => [field, inputs.spec[field]] as const)
  const digest = kind === 'Job' || kind === 'Pod' ? /-[0-9a-f]{8}$/ : /$^/
  return {
    urn: urn.split('::').slice(-2).join('::'),
    ...(name === undefined ? {} : { name: name.replace(digest, '') }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(fields === undefined
      ? {}
      : { immutable: Object.fromEntries(fields.filter(([, value]) => value !== undefined)) }),
    ...(MADE_ONCE.test(type) ? { inputs: madeFrom(inputs) } : {}),
  }
}

// Recorded by the last release: `RECORD_IDENTITY=1`, in a checkout of it with this file. What a record has must stay as it is: another
// URN, name or selector would replace what runs in existing stacks. More may be registered next to it, see `urns/`.
describe('an update of a stack that exists', () => {
  for (const [program, [stack, changes]] of Object.entries(PROGRAMS)) {
    it(`replaces and orphans nothing: ${program}`, async () => {
      const path = new URL(`identity/${program}.jsonl`, import.meta.url)
      const identities = (await registeredBy(changed(stack, changes))).map(identity)
      if (process.env['RECORD_IDENTITY']) {
        const lines = [...identities].sort((one, other) => (one.urn < other.urn ? -1 : 1))
        writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      }
      const now = new Map(identities.map((one) => [one.urn, one]))
      const recorded = readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line): Identity => JSON.parse(line))
      assert.ok(recorded.length > 30)
      for (const before of recorded) assert.deepEqual(withoutSizes(now.get(before.urn)), withoutSizes(before))
    })
  }
})
