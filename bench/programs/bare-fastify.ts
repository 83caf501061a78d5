import Fastify from 'fastify'

/** What the edge is compared with: Fastify that parses the body and answers, and does nothing else. */
const server = Fastify()
const answer = { task: ['task'], ux: [], response: {}, events: [], errors: [], warnings: [] }
server.post('/track', async () => answer)
server.get('/health/ready', async () => 'ok')
process.once('SIGTERM', () => void server.close())
await server.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
