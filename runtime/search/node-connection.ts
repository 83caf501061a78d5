import { setTimeout as sleep } from 'node:timers/promises'
import { errors, UndiciConnection } from '@elastic/elasticsearch'
import type { Logger } from '../log.ts'

export interface NodeLimits {
  /** After this time without an answer, a node is probed if there are others, in milliseconds. */
  readonly quietMs: number
  /** And has so long to answer that. Both together are what a silent or slow node costs. */
  readonly pingLimitMs: number
}

const LIMITS: NodeLimits = { quietMs: 1000, pingLimitMs: 2000 }

type Request = Parameters<UndiciConnection['request']>[0]
type RequestOptions = Parameters<UndiciConnection['request']>[1]

/** Called with the reason when a node does not answer, and without one when it answers again. */
export type NodeListener = (node: string, reason: string | undefined) => void

/** Says so in the log once, when a node goes away and when it comes back. */
export function nodeLogger(log: Logger): NodeListener {
  return (node, reason) => {
    if (reason === undefined) log.info({ node }, 'a node of Elasticsearch answers again')
    else log.warn({ node, reason }, 'a node of Elasticsearch does not answer: the others of ELASTIC_HOST are used')
  }
}

/**
 * The class of connections of one client: one object is the connection to one node. An error names the node. When there are several,
 * one that is silent or slow is left as soon as it is found that another one answers: the pool of the client marks it as dead,
 * asks it again now and then, and the request goes to another node.
 */
export function nodeConnections(onChange: NodeListener, limits = LIMITS): typeof UndiciConnection {
  const all: NodeConnection[] = []

  class NodeConnection extends UndiciConnection {
    #isAway = false

    constructor(...[options]: ConstructorParameters<typeof UndiciConnection>) {
      super(options)
      all.push(this)
    }

    override async request(params: Request, options: RequestOptions): Promise<never> {
      const lost = new AbortController()
      const answered = new AbortController()
      if (all.length > 1) void this.#leaveWhenLost(lost, answered.signal)
      const signal = AbortSignal.any([lost.signal, ...(options.signal ? [options.signal] : [])])
      const response = await super
        .request(params, { ...options, signal })
        .catch((error: Error) => {
          throw this.#named(error, lost.signal.aborted)
        })
        .finally(() => answered.abort())
      this.#tell(isGateway(response.statusCode) ? `${this.url.origin} answers ${response.statusCode}` : undefined)
      return response as never
    }

    async #leaveWhenLost(lost: AbortController, answered: AbortSignal): Promise<void> {
      while (!lost.signal.aborted) {
        await sleep(limits.quietMs, undefined, { signal: answered }).catch(() => undefined)
        if (answered.aborted) return
        const others = all.filter((one) => one !== this).map((one) => one.#ping())
        const [answers, anotherAnswers] = await Promise.all([
          this.#ping().then(always, never),
          Promise.any(others).then(always, never),
        ])
        if (!answers && anotherAnswers) lost.abort()
      }
    }

    /** Rejects when the node does not answer. Any status counts as an answer, except that of a proxy without a server. */
    async #ping(): Promise<void> {
      const options = { requestId: 'ping', name: '', context: null, timeout: limits.pingLimitMs }
      const { statusCode } = await super.request({ method: 'HEAD', path: '/' }, options)
      if (isGateway(statusCode)) throw new errors.ConnectionError(`answers ${statusCode}`)
    }

    #named(error: Error, isLost: boolean): Error {
      const seconds = (limits.quietMs + limits.pingLimitMs) / 1000
      if (isLost) return this.#away(new errors.ConnectionError(''), `does not answer within ${seconds} s`)
      if (error instanceof errors.TimeoutError)
        return this.#away(new errors.TimeoutError(''), 'does not answer in time')
      if (!(error instanceof errors.ConnectionError)) return error
      return this.#away(error, `does not answer: ${error.message}`)
    }

    #away(error: Error, what: string): Error {
      error.message = `${this.url.origin} ${what}`
      this.#tell(error.message)
      return error
    }

    #tell(reason: string | undefined): void {
      const isAway = reason !== undefined
      if (isAway === this.#isAway) return
      this.#isAway = isAway
      onChange(this.url.origin, reason)
    }
  }
  return NodeConnection
}

/** The statuses that the pool of the client also treats as a dead node. */
function isGateway(status: number): boolean {
  return status >= 502 && status <= 504
}

const always = () => true
const never = () => false
