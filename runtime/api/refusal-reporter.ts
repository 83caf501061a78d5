import type { FastifyRequest } from 'fastify'
import type { AppError } from '../errors.ts'
import type { Unrouted } from '../listener.ts'
import type { Logger } from '../log.ts'
import { LogLimit } from '../log-limit.ts'
import { TAKES_EVENTS } from '../names.ts'
import { clientOf } from './client-address.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Refusals } from './refusals.ts'

/** The logged part of an origin, which the caller chooses. */
const MAX_ORIGIN_LENGTH = 100

/**
 * Reports refused calls: those that no route saw in a metric, all with one log line a minute for each reason and each status, and the
 * latest to those who look at them.
 */
export class RefusalReporter {
  readonly #metrics: Pick<ApiMetrics, 'unrouted' | 'refused' | 'troubles'>
  readonly #refusals: Refusals
  readonly #log: Logger
  readonly #lines: LogLimit

  constructor(
    metrics: Pick<ApiMetrics, 'unrouted' | 'refused' | 'troubles'>,
    refusals: Refusals,
    log: Logger,
    now: () => number = () => performance.now(),
  ) {
    this.#metrics = metrics
    this.#refusals = refusals
    this.#log = log
    this.#lines = new LogLimit(now)
  }

  /** @param address of the connection, where it is known. */
  unrouted(reason: Unrouted, address: string | undefined): void {
    this.#metrics.unrouted(reason)
    const client = address === undefined ? undefined : clientOf(address)
    const unknown = { source: '', origin: '', route: 'none' }
    this.#refusals.record({ status: 0, reason, ...unknown, client: client ?? '' }, Date.now())
    const count = this.#lines.count(reason)
    if (count === undefined) return
    this.#log.warn({ reason, count, client }, 'connections or requests ended before a route saw them')
  }

  /** @param error the permanent refusal, `queue_refused`. Every call meets it until an operator acts. */
  refusedByQueue(error: AppError): void {
    const count = this.#lines.count(error.code)
    if (count === undefined) return
    this.#log.error({ err: error, count }, 'Pulsar refused events; calls are answered 503')
  }

  answered(request: FastifyRequest, status: number): void {
    if (status < 400) return
    const route = request.routeOptions.url ?? 'none'
    const client = clientOf(request.ip)
    const { refusal: reason, namedSource: source = '' } = request
    const { origin } = request.headers
    this.#refusals.record({ status, reason, source, origin: origin ?? '', route, client }, Date.now())
    // Each 500 has a line of its own, with the cause.
    if (status === 500) return
    if (status < 500 && TAKES_EVENTS.test(route)) this.#refused(request, status, origin?.slice(0, MAX_ORIGIN_LENGTH))
    const count = this.#lines.count(String(status))
    if (count === undefined) return
    this.#log.warn({ status, count, route, client, origin: origin?.slice(0, MAX_ORIGIN_LENGTH) }, 'calls were refused')
  }

  /** Names of sources that are not in the file would be endless: they are in the last reason only. */
  #refused(
    { namedSource, isNamedSourceKnown, refusal }: FastifyRequest,
    status: number,
    origin: string | undefined,
  ): void {
    const source = isNamedSourceKnown ? namedSource : undefined
    this.#metrics.refused(source, status)
    const page = origin === undefined ? '' : ` (a page of ${origin})`
    this.#metrics.troubles.note(`call_${status}`, source ?? 'unknown', `${refusal}${page}`)
  }
}
