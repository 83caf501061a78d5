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
export function offloadSettings({ type, bucket, region, endpoint }: OffloadStore): Readonly<Record<string, string>> {
  // The policy of a namespace has this folder too, whatever is stated here. So a broker whose image lacks it does not start.
  const offloadersDirectory = './offloaders'
  switch (type) {
    case 's3':
      return {
        offloadersDirectory,
        // Also for a store with an endpoint: jclouds cannot sign the upload of a stream for the driver `S3`.
        managedLedgerOffloadDriver: 'aws-s3',
        s3ManagedLedgerOffloadBucket: bucket,
        ...(endpoint === ''
          ? { s3ManagedLedgerOffloadRegion: region }
          : { s3ManagedLedgerOffloadServiceEndpoint: endpoint }),
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

/** What `conf/pulsar_env.sh` sets where nothing else is given. */
const OPTIONS_OF_PULSAR = '-Dpulsar.allocator.exit_on_oom=true -Dio.netty.recycler.maxCapacityPerThread=4096'

/**
 * Variables of the start script of a broker. Where jclouds knows several regions, it asks Amazon for the region of the bucket before each
 * call, whatever the endpoint is. So it gets one region, and the store is its endpoint.
 */
export function offloadEnv({ type, endpoint }: OffloadStore): Readonly<Record<string, string>> {
  if (type !== 's3' || endpoint === '') return {}
  const region = `-Djclouds.regions=us-east-1 -Djclouds.region.us-east-1.endpoint=${endpoint}`
  return { PULSAR_EXTRA_OPTS: `${OPTIONS_OF_PULSAR} ${region}` }
}

/** Variables of the brokers. Their keys in the Secret have the same names. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  s3: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  azure: ['AZURE_STORAGE_ACCOUNT', 'AZURE_STORAGE_ACCESS_KEY'],
}

/** Credentials of the brokers: variables, or for Google a file. Of a workload identity there are none. */
export function offloadCredentials({ type, credentialsSecret: name }: OffloadStore): {
  readonly env: readonly EnvVar[]
  readonly volumes: readonly Volume[]
  readonly mounts: Readonly<Record<string, string>>
} {
  if (type === 'none' || name === '') return { env: [], volumes: [], mounts: {} }
  if (type === 'gcs') {
    const volumes = [{ name: 'offload', secret: { secretName: name, defaultMode: 0o440 } }]
    return { env: [], volumes, mounts: { [KEY_DIR]: 'offload' } }
  }
  const env = (VARIABLES[type] ?? []).map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } }))
  return { env, volumes: [], mounts: {} }
}

/** Where ledgers are: with another store the brokers would not find them. */
export function offloadFacts({ type, bucket, endpoint }: OffloadStore): FactValues {
  return type === 'none' ? {} : { 'offload.store': `${type}:${endpoint === '' ? '' : `${endpoint}/`}${bucket}` }
}
