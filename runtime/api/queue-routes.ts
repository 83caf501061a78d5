import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { refusal } from '../answer-schemas.ts'
import { topicName } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { readBacklog, readDetailedBacklog } from '../queue/backlog.ts'
import { BacklogAnswer, BacklogParams, BacklogQuery } from './schema.ts'

/** `GET /queue/{namespace}/{topic}/backlog`: messages that are not yet acknowledged, by partition and subscription. */
export function addQueueRoutes(server: FastifyInstance, admin: PulsarAdmin, tenant: string): void {
  const schema = {
    operationId: 'backlog',
    summary: 'Messages that are not yet acknowledged',
    params: BacklogParams,
    querystring: BacklogQuery,
    response: {
      200: BacklogAnswer,
      404: refusal('There is no such topic.'),
      422: refusal('A name in the path or the value of `detail` is not allowed.'),
      502: refusal('Pulsar does not answer.'),
    },
  }
  type Route = { Params: Static<typeof BacklogParams>; Querystring: Static<typeof BacklogQuery> }
  server.get<Route>('/queue/:namespace/:topic/backlog', { schema }, async (request) => {
    const { namespace, topic } = request.params
    const name = topicName(tenant, namespace, topic)
    return request.query.detail ? readDetailedBacklog(admin, name, Date.now()) : readBacklog(admin, name)
  })
}
