import type { GroupOf } from '../config/read.ts'
import { SNAPSHOT_FOLDER } from '../config/resolved.ts'
import type { Volume } from '../kubernetes/pod.ts'

/** Where the nodes keep snapshots, and how they prove who they are to the store. */
export type SnapshotStore = Pick<
  GroupOf<'backup'>,
  'type' | 'location' | 'endpoint' | 'region' | 'credentialsSecret' | 'serviceAccount'
>

/** Where the Secret with secure settings is mounted while the keystore is made. */
const SECURE_SETTINGS_DIR = '/secure-settings'

/** What `elasticsearch.yml` has for the repository. Secure settings are in the keystore; everything else belongs to the repository. */
export function storeSettings({ type, endpoint, region }: SnapshotStore): Readonly<Record<string, unknown>> {
  if (type === 'fs') return { 'path.repo': [SNAPSHOT_FOLDER] }
  if (type !== 's3') return {}
  return {
    // An S3-compatible store often has no host name for each bucket.
    ...(endpoint === '' ? {} : { 's3.client.default.endpoint': endpoint, 's3.client.default.path_style_access': true }),
    ...(region === '' ? {} : { 's3.client.default.region': region }),
  }
}

/** Volumes of a node for its repository, and where its containers mount them. */
export function storeVolumes({ type, location, credentialsSecret }: SnapshotStore): {
  readonly volumes: readonly Volume[]
  readonly node: Readonly<Record<string, string>>
  readonly configure: Readonly<Record<string, string>>
} {
  const shared = type === 'fs'
  const secret = credentialsSecret !== ''
  return {
    volumes: [
      ...(shared ? [{ name: 'snapshots', persistentVolumeClaim: { claimName: location } }] : []),
      ...(secret ? [{ name: 'secure-settings', secret: { secretName: credentialsSecret, defaultMode: 0o440 } }] : []),
    ],
    node: shared ? { [SNAPSHOT_FOLDER]: 'snapshots' } : {},
    configure: secret ? { [SECURE_SETTINGS_DIR]: 'secure-settings' } : {},
  }
}

/**
 * Commands that put every key of the Secret into the keystore. Credentials of Google are a file, and all others texts. `..data` and
 * the like are how Kubernetes replaces a Secret.
 *
 * @see https://www.elastic.co/docs/deploy-manage/security/secure-settings
 */
export const ADD_SECURE_SETTINGS: readonly string[] = [
  `for file in ${SECURE_SETTINGS_DIR}/*; do`,
  '  setting=$(basename "$file")',
  '  case "$setting" in',
  '    *credentials_file) bin/elasticsearch-keystore add-file "$setting" "$file" ;;',
  '    *) bin/elasticsearch-keystore add --stdin "$setting" < "$file" ;;',
  '  esac',
  'done',
]

/**
 * The token of a workload identity, where its cloud has put one into the pod. Elasticsearch reads it only through a link in
 * its own folder.
 *
 * @see https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/s3-repository
 * @see https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/azure-repository
 */
export const LINK_IDENTITY_TOKENS: readonly string[] = [
  'link() { if [ -n "$2" ]; then mkdir -p "/work/$1" && ln -sf "$2" "/work/$1/$3"; fi; }',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills it in
  'link repository-s3 "${AWS_WEB_IDENTITY_TOKEN_FILE:-}" aws-web-identity-token-file',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills it in
  'link repository-azure "${AZURE_FEDERATED_TOKEN_FILE:-}" azure-federated-token-file',
]

/** Labels without which Azure puts no token into a pod. */
export function identityLabels({ type, serviceAccount }: SnapshotStore): Readonly<Record<string, string>> {
  return type === 'azure' && serviceAccount !== '' ? { 'azure.workload.identity/use': 'true' } : {}
}
