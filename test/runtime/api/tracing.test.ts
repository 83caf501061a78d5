import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { traceCalls } from '../../../runtime/api/tracing.ts'
import type { Tracer } from '../../../runtime/trace.ts'
import { FakeTracer } from '../../support/fake-tracer.ts'

describe('traceCalls', () => {
  const answers = async (tracer: Tracer | undefined, url: string, headers: Record<string, string> = {}) => {
    const server = Fastify()
    traceCalls(server, tracer)
    let span: unknown
    server.get('/collect/:id', async (request, reply) => {
      span = request.span
      return reply.code(Number((request.params as { id: string }).id)).send('')
    })
    await server.inject({ url, headers })
    await server.close()
    return span
  }

  it('gives a call a span of its route, with the traceparent of the caller, and ends it with the status', async () => {
    const tracer = new FakeTracer()
    assert.notEqual(await answers(tracer, '/collect/200', { traceparent: 'theirs' }), undefined)
    assert.deepEqual(tracer.begun, ['GET /collect/:id < theirs'])
    assert.deepEqual(tracer.ended, {
      'GET /collect/:id': { attributes: { 'http.response.status_code': 200 }, fault: undefined },
    })
  })

  it('marks a call as failed that was answered 5xx, and no other', async () => {
    const faultOf = async (url: string) => {
      const tracer = new FakeTracer()
      await answers(tracer, url)
      return Object.values(tracer.ended)[0]?.fault
    }
    assert.deepEqual(
      [await faultOf('/collect/503'), await faultOf('/collect/422'), await faultOf('/nowhere')],
      ['answered 503', undefined, undefined],
    )
  })

  it('has no span for a call that is not sampled, and none without a tracer', async () => {
    const tracer = new FakeTracer()
    tracer.samples = false
    assert.equal(await answers(tracer, '/collect/200'), undefined)
    assert.equal(await answers(undefined, '/collect/200'), undefined)
  })
})
