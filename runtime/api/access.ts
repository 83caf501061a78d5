import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isbot } from 'isbot'
import { Refused } from './refused.ts'
import { digestOf, originAllowed, type Source } from './sources.ts'

/** The repeated part of a User-Agent, which the caller chooses. */
const MAX_AGENT_LENGTH = 100

/** What a call says of its sender. */
export interface Caller {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Whether the operator has named the link that was followed, so that no origin is asked for. */
  readonly isLink?: true
}

/**
 * The source, when it may be used by this caller.
 *
 * @param source what is known by the id that the call names.
 * @throws Refused 401 for a source that is unknown or disabled and for a secret that is missing or wrong, all with the same words.
 * @throws Refused 403 for a page whose origin the source does not allow, and for a bot where it takes none.
 */
export function authorized(sourceId: string, source: Source | undefined, caller: Caller): Source {
  if (!source?.enabled || !knowsSecret(source, caller.headers.authorization)) {
    throw new Refused(
      401,
      `Access denied. Event source "${sourceId}" is unknown or disabled, or its secret is missing or wrong.`,
    )
  }
  const agent = caller.headers['user-agent']
  if (source.refusesBots && isbot(agent)) {
    throw new Refused(
      403,
      `Access denied. Event source "${sourceId}" refuses bots, and "${agent?.slice(0, MAX_AGENT_LENGTH)}" is one.`,
    )
  }
  const origin = caller.isLink ? undefined : originOf(caller)
  if (origin === undefined || originAllowed(source, origin)) return source
  throw new Refused(403, `Access denied. Origin "${origin}" is not allowed for event source "${sourceId}".`)
}

/** Compares with every secret of the source, in a time that depends on none of them. */
function knowsSecret({ secrets }: Source, authorization: string | undefined): boolean {
  if (secrets.length === 0) return true
  const given = digestOf(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '')
  return secrets.filter((secret) => timingSafeEqual(secret, given)).length > 0
}

/**
 * The origin of the page that makes the call; `undefined` when no page does. Browsers name it with every POST, but not
 * with the GET of an image, a script or a frame: there the `Referer` names it. Without a `Referer`, nothing
 * is known. Such a GET may be a page's, so it counts as one of an unknown origin, unless the caller knows a secret.
 */
function originOf({ method, headers }: Caller): string | undefined {
  const { origin, referer } = headers
  if (origin !== undefined) return origin
  if (referer !== undefined) return URL.parse(referer)?.origin ?? 'null'
  // Node.js sends `Sec-Fetch-Mode` too, but it has no site.
  const isBrowser = headers['sec-fetch-site'] !== undefined
  const isUnknown = isBrowser || (method === 'GET' && headers.authorization === undefined)
  return isUnknown ? 'null' : undefined
}
