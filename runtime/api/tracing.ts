import type { FastifyInstance } from 'fastify'
import type { Tracer, TraceSpan } from '../trace.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the call, where it is traced. */
    span: TraceSpan | undefined
  }
}

/** A span for each call, from its head to the end of its answer. Without a tracer there is no hook. */
export function traceCalls(server: FastifyInstance, tracer: Tracer | undefined): void {
  server.decorateRequest('span', undefined)
  if (tracer === undefined) return
  server.addHook('onRequest', async (request) => {
    const route = request.routeOptions.url ?? 'none'
    const { traceparent } = request.headers
    request.span = tracer.call(`${request.method} ${route}`, typeof traceparent === 'string' ? traceparent : undefined)
  })
  server.addHook('onResponse', async (request, { statusCode }) => {
    const fault = statusCode >= 500 ? `answered ${statusCode}` : undefined
    request.span?.end({ attributes: { 'http.response.status_code': statusCode }, fault })
  })
}
