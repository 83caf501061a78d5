import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { AppError, messageOf } from '../errors.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { readBacklog, readDetailedBacklog } from '../queue/backlog.ts'
import { topicName } from '../queue/topics.ts'
import { BacklogAnswer, BacklogParams, BacklogQuery, Refusal } from './schema.ts'

/** `GET /queue/{namespace}/{topic}/backlog`: what no worker is done with, by partition and subscription. */
export function addQueueRoutes(server: FastifyInstance, admin: PulsarAdmin, tenant: string): void {
  const schema = {
    summary: 'Messages that no worker is done with',
    params: BacklogParams,
    querystring: BacklogQuery,
    response: { 200: BacklogAnswer, 404: Refusal, 502: Refusal },
  }
  type Route = { Params: Static<typeof BacklogParams>; Querystring: Static<typeof BacklogQuery> }
  server.get<Route>('/queue/:namespace/:topic/backlog', { schema }, async (request, reply) => {
    const { namespace, topic } = request.params
    const name = topicName(tenant, namespace, topic)
    try {
      return request.query.detail ? await readDetailedBacklog(admin, name, Date.now()) : await readBacklog(admin, name)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      const status = error.code === 'topic_not_found' ? 404 : 502
      return reply.code(status).send({ detail: messageOf(error) })
    }
  })
}
