import { type Client, errors } from '@elastic/elasticsearch'
import { type Config, snapshotRepository } from '../config.ts'
import { AppError } from '../errors.ts'
import { unavailable } from '../search/client.ts'

/** Name of the repository of one configuration. */
export function repositoryOf({ indexPrefix }: Pick<Config, 'indexPrefix'>): string {
  return snapshotRepository(indexPrefix)
}

type Wanted = Pick<Config, 'snapshotType' | 'snapshotLocation' | 'snapshotBasePath'>

/** The settings of the repository that are not secret. Credentials are in the keystore of the nodes, under the client `default`. */
export function repositorySettings({ snapshotType, snapshotLocation, snapshotBasePath }: Wanted) {
  const path = snapshotBasePath === '' ? {} : { base_path: snapshotBasePath }
  switch (snapshotType) {
    case 'fs':
      return { location: [snapshotLocation, snapshotBasePath].filter((part) => part !== '').join('/'), compress: true }
    case 'azure':
      return { container: snapshotLocation, ...path, compress: true }
    default:
      return { bucket: snapshotLocation, ...path, compress: true }
  }
}

/**
 * Registers the repository, or changes it to what is configured. Elasticsearch then has every node write and read a file there.
 *
 * @throws AppError `snapshot_unusable` when no repository is configured, or a node cannot use it; `search_unavailable`.
 */
export async function registerRepository(client: Client, config: Config): Promise<void> {
  const { snapshotType: type } = config
  if (type === 'none')
    throw new AppError('snapshot_unusable', 'SNAPSHOT_TYPE is none, so there is no repository of snapshots')
  const repository = { type, settings: repositorySettings(config) }
  await client.snapshot
    .createRepository({ name: repositoryOf(config), repository: repository as never, verify: true })
    .catch((cause) => {
      const isRefused = cause instanceof errors.ResponseError && cause.statusCode !== 401 && cause.statusCode !== 403
      if (!isRefused) unavailable(config)(cause)
      throw new AppError('snapshot_unusable', `a node cannot use the repository ${config.snapshotLocation}`, { cause })
    })
}

/** @throws AppError `search_unavailable`. */
export async function isRegistered(client: Client, config: Config): Promise<boolean> {
  const found = await client.snapshot
    .getRepository({ name: repositoryOf(config) }, { ignore: [404] })
    .catch(unavailable(config))
  return repositoryOf(config) in found
}
