import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hostsOf } from '../listener.ts'
import { methodsOf } from '../methods.ts'
import { Refused } from './refused.ts'

/**
 * Refuses what no route is for, and what another server might understand in another way, before a body is read. Call it
 * before the first route is added.
 */
export function refuseEarly(server: FastifyInstance): void {
  const methodsAt = methodsOf(server)
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    const fault = framingFault(request)
    if (fault) throw fault
    if (!request.is404) return
    const methods = methodsAt(request.url)
    if (methods !== undefined) reply.header('allow', methods)
    throw routeFault(request, methods)
  })
}

function framingFault({ raw, headers }: FastifyRequest): Refused | undefined {
  const hosts = hostsOf(raw.rawHeaders).length
  if (hosts !== 1) return new Refused(400, `The request has ${hosts} Host headers; it must have one`)
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.toLowerCase() === 'chunked') return undefined
  return new Refused(501, `Transfer-Encoding "${coding}" is not supported; allowed: chunked`)
}

function routeFault({ method, url }: FastifyRequest, methods: string | undefined): Refused {
  return new Refused(methods === undefined ? 404 : 405, `There is no ${method} ${url.split('?')[0]} here`)
}
