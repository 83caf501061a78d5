import type { FastifyRequest } from 'fastify'
import type { Unrouted } from '../listener.ts'
import type { Logger } from '../log.ts'
import { LogLimit } from '../log-limit.ts'
import { clientOf } from './client-address.ts'
import type { ApiMetrics } from './metrics.ts'

/** The logged part of an origin, which the caller chooses. */
const MAX_ORIGIN_LENGTH = 100

/** Reports refused calls: each one in a metric, and one log line a minute for each reason and each status. */
export class Refusals {
  readonly #metrics: Pick<ApiMetrics, 'unrouted'>
  readonly #log: Logger
  readonly #lines: LogLimit

  constructor(metrics: Pick<ApiMetrics, 'unrouted'>, log: Logger, now: () => number = () => performance.now()) {
    this.#metrics = metrics
    this.#log = log
    this.#lines = new LogLimit(now)
  }

  /** @param address of the connection, where it is known. */
  unrouted(reason: Unrouted, address: string | undefined): void {
    this.#metrics.unrouted(reason)
    const count = this.#lines.count(reason)
    if (count === undefined) return
    const client = address === undefined ? undefined : clientOf(address)
    this.#log.warn({ reason, count, client }, 'connections or requests ended before a route saw them')
  }

  answered(request: FastifyRequest, status: number): void {
    // Each 500 has a line of its own, with the cause.
    if (status < 400 || status === 500) return
    const count = this.#lines.count(String(status))
    if (count === undefined) return
    const route = request.routeOptions.url ?? 'none'
    const origin = request.headers.origin?.slice(0, MAX_ORIGIN_LENGTH)
    this.#log.warn({ status, count, route, client: clientOf(request.ip), origin }, 'calls were refused')
  }
}
