import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'

/** Minimum time between two log lines about refused calls, so that guessing cannot fill the log. */
const LOGGED_EVERY_MS = 60_000

export interface HostFault {
  readonly status: 400 | 421
  readonly detail: string
}

/** The names by which the private and the monitoring listener may be called, besides IP addresses. */
export function allowedHosts({ privateAllowedHosts }: Pick<Config, 'privateAllowedHosts'>): ReadonlySet<string> {
  return new Set(['localhost', ...privateAllowedHosts.split(',')].filter((host) => host !== ''))
}

/**
 * Why a request is refused for its Host headers; `undefined` when it may pass. A web page that points a name of its own
 * at this listener (DNS rebinding) sends that name, so only known names pass; an IP address cannot be pointed elsewhere.
 */
export function hostFault(headers: readonly string[], allowed: ReadonlySet<string>): HostFault | undefined {
  const [header, ...more] = headers
  if (header === undefined || more.length > 0) {
    return { status: 400, detail: `The request has ${headers.length} Host headers; it must have one` }
  }
  const { address, name = '' } = /^(?:\[(?<address>.*)\]|(?<name>[^:]*))(?::\d*)?$/.exec(header)?.groups ?? {}
  const known = address === undefined ? isIPv4(name) || allowed.has(name.toLowerCase()) : isIPv6(address)
  if (known) return undefined
  return {
    status: 421,
    detail: `The host "${header}" is unknown here; allowed: IP addresses, localhost and the names in PRIVATE_ALLOWED_HOSTS`,
  }
}

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * Lets a request pass that carries `Authorization: Bearer <token>`; answers 401 otherwise. A browser sends no such header
 * by itself, so it proves as well that no other page makes the call.
 *
 * @param token of the operators; while it is empty no request passes.
 * @param now a monotonic clock in milliseconds.
 */
export function tokenGuard(token: string, log: Logger, now: () => number = () => performance.now()): Guard {
  const expected = digestOf(token)
  let refused = 0
  let loggedAtMs = Number.NEGATIVE_INFINITY
  return async (request, reply) => {
    const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const detail = refusalOf(token, given, expected)
    if (detail === undefined) return undefined
    refused += 1
    if (now() - loggedAtMs >= LOGGED_EVERY_MS) {
      log.warn({ refused, address: request.ip }, "calls without the operators' token were refused")
      refused = 0
      loggedAtMs = now()
    }
    return reply.code(401).header('www-authenticate', 'Bearer').send({ detail })
  }
}

function refusalOf(token: string, given: string | undefined, expected: Buffer): string | undefined {
  if (token === '') return 'PRIVATE_TOKEN is empty, so every call is refused; set it and restart the program'
  if (given === undefined) return 'The header "Authorization: Bearer <PRIVATE_TOKEN>" is missing'
  return timingSafeEqual(digestOf(given), expected) ? undefined : 'The token does not match PRIVATE_TOKEN'
}

/** Of one length for every token, as `timingSafeEqual` needs it. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
