import type { GroupOf } from '../config/read.ts'
import type { EnvVar, Volume } from '../kubernetes/pod.ts'
import type { FactValues } from '../safety/facts.ts'

/** Where closed ledgers are moved, and how the brokers prove who they are to the store. */
export type OffloadStore = Pick<
  GroupOf<'offload'>,
  'type' | 'bucket' | 'region' | 'endpoint' | 'credentialsSecret' | 'serviceAccount'
>

/** Where the key of Google is mounted. */
const KEY_DIR = '/offload'

/**
 * What `broker.conf` has for the store. When ledgers are moved is a policy of the namespace, which set-up makes: without one
 * nothing is moved, and so nothing of Pulsar's own namespaces.
 *
 * @see https://pulsar.apache.org/docs/4.0.x/tiered-storage-overview/
 */
export function offloadSettings(store: OffloadStore): Readonly<Record<string, string>> {
  const { type, bucket, region, endpoint } = store
  // The policy of a namespace has this folder too, whatever is stated here. So a broker whose image lacks it does not start.
  const offloadersDirectory = './offloaders'
  switch (type) {
    case 's3':
      return isCompatible(store)
        ? {
            offloadersDirectory,
            // The driver `aws-s3` asks Amazon for the location of a bucket before each call, whatever its endpoint is.
            managedLedgerOffloadDriver: 'S3',
            managedLedgerOffloadBucket: bucket,
            managedLedgerOffloadServiceEndpoint: endpoint,
          }
        : {
            offloadersDirectory,
            managedLedgerOffloadDriver: 'aws-s3',
            s3ManagedLedgerOffloadBucket: bucket,
            s3ManagedLedgerOffloadRegion: region,
          }
    case 'gcs':
      return {
        offloadersDirectory,
        managedLedgerOffloadDriver: 'google-cloud-storage',
        gcsManagedLedgerOffloadBucket: bucket,
        gcsManagedLedgerOffloadRegion: region,
        gcsManagedLedgerOffloadServiceAccountKeyFile: `${KEY_DIR}/key.json`,
      }
    case 'azure':
      return { offloadersDirectory, managedLedgerOffloadDriver: 'azureblob', managedLedgerOffloadBucket: bucket }
    default:
      return {}
  }
}

/** Whether it is a store of somebody else that speaks S3. */
function isCompatible({ type, endpoint }: OffloadStore): boolean {
  return type === 's3' && endpoint !== ''
}

/** Options of the JVM: those of Pulsar itself, and signatures of version 4. The driver `S3` signs by version 2 otherwise, which many stores refuse. */
const SIGNED_BY_VERSION_4 =
  '-Dpulsar.allocator.exit_on_oom=true -Dio.netty.recycler.maxCapacityPerThread=4096 -Djclouds.s3.signer-version=4'

/** Variables of the start script of a broker. */
export function offloadEnv(store: OffloadStore): Readonly<Record<string, string>> {
  return isCompatible(store) ? { PULSAR_EXTRA_OPTS: SIGNED_BY_VERSION_4 } : {}
}

/** Variables of the brokers that each driver reads, and their keys in the Secret. */
const VARIABLES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'aws-s3': [
    ['AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_ACCESS_KEY'],
  ],
  S3: [
    ['ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID'],
    ['ACCESS_KEY_SECRET', 'AWS_SECRET_ACCESS_KEY'],
  ],
  azureblob: [
    ['AZURE_STORAGE_ACCOUNT', 'AZURE_STORAGE_ACCOUNT'],
    ['AZURE_STORAGE_ACCESS_KEY', 'AZURE_STORAGE_ACCESS_KEY'],
  ],
}

/** Credentials of the brokers: variables, or for Google a file. Of a workload identity there are none. */
export function offloadCredentials(store: OffloadStore): {
  readonly env: readonly EnvVar[]
  readonly volumes: readonly Volume[]
  readonly mounts: Readonly<Record<string, string>>
} {
  const { type, credentialsSecret: name } = store
  if (type === 'none' || name === '') return { env: [], volumes: [], mounts: {} }
  if (type === 'gcs') {
    const volumes = [{ name: 'offload', secret: { secretName: name, defaultMode: 0o440 } }]
    return { env: [], volumes, mounts: { [KEY_DIR]: 'offload' } }
  }
  const { managedLedgerOffloadDriver: driver = '' } = offloadSettings(store)
  const env = (VARIABLES[driver] ?? []).map(([variable, key]) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name, key } },
  }))
  return { env, volumes: [], mounts: {} }
}

/** Where ledgers are: with another store the brokers would not find them. */
export function offloadFacts({ type, bucket, endpoint }: OffloadStore): FactValues {
  return type === 'none' ? {} : { 'offload.store': `${type}:${endpoint === '' ? '' : `${endpoint}/`}${bucket}` }
}
