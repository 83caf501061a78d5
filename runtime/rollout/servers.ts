import type { SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { searchClient } from '../search/client.ts'
import { bookieServers } from './bookkeeper.ts'
import { searchServers } from './elasticsearch.ts'
import type { Servers } from './verdict.ts'
import { type Address, zookeeperServers } from './zookeeper.ts'

/** How servers are asked. Elasticsearch is found by the settings of the runtime. */
export interface ServersOptions {
  readonly servers: 'elasticsearch' | 'bookkeeper' | 'zookeeper'
  /** Domain of the pods of bookies and ZooKeeper. */
  readonly domain?: string
  /** Their port. */
  readonly port?: number
  /** ZooKeeper of the bookies, `host:port`. */
  readonly zookeeper?: string
  /** Bookies that a ledger is written to. */
  readonly ensemble?: number
}

/** @throws AppError `command_invalid` when an option of the servers is missing. */
export function serversOf(config: SharedConfig, options: ServersOptions): Servers {
  if (options.servers === 'elasticsearch') return searchServers(searchClient(config), config)
  const domain = needed(options, 'domain')
  const port = needed(options, 'port')
  if (options.servers === 'zookeeper') return zookeeperServers((pod) => ({ host: `${pod}.${domain}`, port }))
  const idOf = (pod: string) => `${pod}.${domain}:${port}`
  return bookieServers(addressIn(needed(options, 'zookeeper')), idOf, needed(options, 'ensemble'))
}

function needed<Name extends 'domain' | 'port' | 'zookeeper' | 'ensemble'>(
  options: ServersOptions,
  name: Name,
): NonNullable<ServersOptions[Name]> {
  const value = options[name]
  if (value !== undefined) return value as NonNullable<ServersOptions[Name]>
  throw new AppError('command_invalid', `--servers ${options.servers} needs --${name}`)
}

function addressIn(text: string): Address {
  const [host = '', port = ''] = text.split(':')
  return { host, port: Number(port) }
}
