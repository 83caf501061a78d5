import { readFileSync } from 'node:fs'
import { BaseConnection, Client, ClusterConnectionPool, errors } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import { type NodeListener, nodeConnections } from './node-connection.ts'

/** A node that did not answer is asked again after so long, then after twice as long, and so on. */
const ASK_AGAIN_MS = 5000
/** Maximum number of doublings: 80 s. */
const MOST_DOUBLINGS = 4

/**
 * The official client. If one node does not answer, it asks the next, because all our requests can be repeated. Only a bulk is not sent
 * again here: the worker decides what is sent again, and when.
 *
 * @param onNode called when a node does not answer, and when it answers again.
 */
export function searchClient(config: SharedConfig, onNode: NodeListener = () => undefined): Client {
  const nodes = config.elasticHost.split(',')
  const tls = {
    rejectUnauthorized: config.elasticVerifyCerts,
    ...(config.elasticCaFile === '' ? {} : { ca: readFileSync(config.elasticCaFile) }),
  }
  const client = new Client({
    nodes,
    requestTimeout: config.elasticQueryTimeoutSeconds * 1000,
    maxRetries: nodes.length - 1,
    Connection: nodeConnections(onNode),
    ConnectionPool: ClusterConnectionPool,
    // The default copies the request into each error, byte by byte as keys of an object: 100 MB for one bulk that failed.
    redaction: { type: 'remove' },
    ...(config.elasticHost.includes('https://') ? { tls } : {}),
    ...authentication(config),
  })
  const pool = client.connectionPool as ClusterConnectionPool
  pool.resurrectTimeout = ASK_AGAIN_MS
  pool.resurrectTimeoutCutoff = MOST_DOUBLINGS
  return client
}

/**
 * Rejects with what an operator needs to know of a request that failed, instead of its fault.
 *
 * @param what it is that Elasticsearch does not do. @default by the cause: it refuses the request, or is not reachable
 */
export function unavailable({ elasticHost }: Pick<SharedConfig, 'elasticHost'>, what?: string) {
  return (cause: unknown): never => {
    throw new AppError(
      'search_unavailable',
      what === undefined ? causeIn(cause, elasticHost) : `Elasticsearch at ${elasticHost} ${what}`,
      { cause },
    )
  }
}

/** The cause itself names the node that does not answer. */
function causeIn(cause: unknown, elasticHost: string): string {
  if (cause instanceof errors.ResponseError) return `Elasticsearch at ${elasticHost} refuses the request`
  const isNamed = messageOf(cause).includes('does not answer')
  return isNamed ? 'Elasticsearch is not reachable' : `Elasticsearch at ${elasticHost} does not answer`
}

/** The nodes that did not answer when they were asked last. */
export function nodesAway(client: Client): readonly string[] {
  const { connections } = client.connectionPool
  return connections.filter(({ status }) => status === BaseConnection.statuses.DEAD).map(({ url }) => url.origin)
}

/** Maximum time of a probe, with all its tries, in milliseconds. */
const PROBE_MS = 2000

/** Why no node answers; `undefined` if one does, whatever its health. A node that is down is not asked twice. */
export async function searchUnavailableReason(client: Client): Promise<string | undefined> {
  const tries = client.connectionPool.size > 1 ? 2 : 1
  let reason: string | undefined
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      await client.cluster.health({ filter_path: 'status' }, { requestTimeout: PROBE_MS / tries })
      return undefined
    } catch (error) {
      reason = messageOf(error)
    }
  }
  return reason
}

function authentication(config: SharedConfig) {
  if (config.elasticApiKey !== '') return { auth: { apiKey: config.elasticApiKey } }
  if (config.elasticUsername !== '') {
    return { auth: { username: config.elasticUsername, password: config.elasticPassword } }
  }
  return {}
}
