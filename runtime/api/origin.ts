import { isIPv4, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Json } from '../search/documents.ts'
import { groupsOf } from './client-address.ts'
import type { Source } from './sources.ts'

/** What is stored of the sender of a call, with each of its events. */
export interface Origin {
  readonly ip: string | undefined
  /** By their names in lower case. */
  readonly headers: Json | undefined
  /** Whether the fields are wanted that Tracardi derives. */
  readonly derives: boolean
  /** The user agent of the request, for these. */
  readonly agent?: string | undefined
}

export const NOTHING: Origin = { ip: undefined, headers: undefined, derives: false }

/** As much of an IPv6 address as one customer of a provider usually gets. */
const KEPT_GROUPS = 3

/** What a source wants to have stored of the sender of a call; by default nothing. */
export function originOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>, source: Source): Origin {
  const { storedIp, storedHeaders, derivesFields: derives } = source
  if (storedIp === 'drop' && storedHeaders.length === 0 && !derives) return NOTHING
  const found = storedHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))
  return {
    ip: storedIp === 'drop' ? undefined : storedAddress(ip, storedIp === 'truncate'),
    headers: found.length === 0 ? undefined : Object.fromEntries(found),
    derives,
    agent: headers['user-agent'],
  }
}

/** `undefined` for what Elasticsearch would not take as an address: a proxy may write anything. */
function storedAddress(address: string, truncated: boolean): string | undefined {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(bare)) return truncated ? bare.replace(/\d+$/, '0') : bare
  const [network = ''] = bare.split('%')
  if (!isIPv6(network)) return undefined
  if (!truncated) return network
  return `${groupsOf(network)
    .slice(0, KEPT_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::`
}
