import type { FastifyInstance } from 'fastify'

/** One OpenAPI document of both listeners, made from the schemas that validate. */
export function addOpenApi(publicServer: FastifyInstance, privateServer: FastifyInstance): void {
  privateServer.get('/openapi.json', { schema: { summary: 'This contract' } }, async () => {
    const offered = publicServer.swagger()
    return { ...offered, paths: { ...offered.paths, ...privateServer.swagger().paths } }
  })
}
