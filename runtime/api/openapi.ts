import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

/** A listener as the OpenAPI document has it. */
export interface DescribedListener {
  readonly server: FastifyInstance
  readonly port: number
  readonly description: string
}

interface Document {
  readonly paths?: Readonly<Record<string, object>>
  readonly components?: object
}

const Contract = Type.Object({}, { additionalProperties: true, description: 'OpenAPI 3.1.' })

/**
 * `/openapi.json`: one document of all listeners, made from the schemas that validate. Each path names the server that
 * has it.
 *
 * @param server where the route is added.
 * @param listeners the first one gives title and version.
 */
export function addOpenApi(server: FastifyInstance, listeners: readonly DescribedListener[]): void {
  server.get('/openapi.json', { schema: { summary: 'This contract', response: { 200: Contract } } }, async () => {
    const parts = listeners.map((listener) => ({
      document: listener.server.swagger() as Document,
      servers: [serverOf(listener)],
    }))
    const paths = parts.flatMap(({ document, servers }) =>
      Object.entries(document.paths ?? {}).map(([path, operations]) => [path, { ...operations, servers }]),
    )
    return {
      ...parts[0]?.document,
      servers: parts.flatMap(({ servers }) => servers),
      components: Object.assign({}, ...parts.map(({ document }) => document.components)),
      paths: Object.fromEntries(paths),
    }
  })
}

function serverOf({ port, description }: DescribedListener) {
  return { url: `http://{host}:${port}`, description, variables: { host: { default: 'localhost' } } }
}
