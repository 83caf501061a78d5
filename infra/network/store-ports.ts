const HTTPS = 443
const HTTP = 80

/** An object store, and how its clients prove who they are. */
export interface ObjectStore {
  readonly type: string
  /** URL of an S3-compatible store; that of the cloud when empty. */
  readonly endpoint: string
  /** Without credentials the cloud knows its clients by their machine or ServiceAccount. */
  readonly credentialsSecret: string
}

/** Ports outside of the cluster that its clients need: that of the store, and of the server that gives a machine its identity. */
export function storePorts({ type, endpoint, credentialsSecret }: ObjectStore): readonly number[] {
  if (type === 'none' || type === 'fs') return []
  const url = endpoint === '' ? undefined : new URL(endpoint)
  const store = url === undefined ? HTTPS : Number(url.port || (url.protocol === 'https:' ? HTTPS : HTTP))
  return credentialsSecret === '' ? [...new Set([store, HTTPS, HTTP])] : [store]
}
