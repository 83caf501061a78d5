import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * A server that answers every bulk immediately as if all of it were stored, and passes everything else on to Elasticsearch, so
 * that a worker finds the templates it looks for. `GET /stored` reports how many events it was sent.
 */
const [, , port, elasticsearchUrl] = process.argv
const NEWLINE = 0x0a
const CREATE = Buffer.from('{"create"')
let stored = 0
const answers = new Map<string, Buffer>()

/** The lines of a bulk, two for each operation: how many of them are `create`, how many all together. */
function count(body: Buffer): { readonly creates: number; readonly operations: number } {
  let creates = 0
  let operations = 0
  for (let start = 0; start < body.length; operations += 1) {
    if (body.subarray(start, start + CREATE.length).equals(CREATE)) creates += 1
    start = body.indexOf(NEWLINE, body.indexOf(NEWLINE, start) + 1) + 1
  }
  return { creates, operations }
}

function answerFor(creates: number, operations: number): Buffer {
  const key = `${creates}/${operations}`
  const known = answers.get(key)
  if (known) return known
  const items = Array.from({ length: operations }, (_, index) => ({
    [index < creates ? 'create' : 'index']: { status: 201 },
  }))
  const answer = Buffer.from(JSON.stringify({ errors: false, items }))
  answers.set(key, answer)
  return answer
}

async function answerBulk(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { creates, operations } = count(Buffer.concat(chunks))
  stored += creates
  send(response, 200, answerFor(creates, operations))
}

async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await fetch(`${elasticsearchUrl}${request.url}`, { method: request.method ?? 'GET' })
  send(response, answer.status, Buffer.from(await answer.arrayBuffer()))
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, {
    'content-type': 'application/vnd.elasticsearch+json;compatible-with=9',
    'x-elastic-product': 'Elasticsearch',
    'content-length': body.length,
  })
  response.end(body)
}

const server = createServer((request, response) => {
  if (request.url?.startsWith('/_bulk')) void answerBulk(request, response)
  else if (request.url === '/stored') send(response, 200, Buffer.from(JSON.stringify({ stored })))
  else if (request.url === '/health/ready') send(response, 200, Buffer.from('{}'))
  else void passOn(request, response)
})
process.once('SIGTERM', () => process.exit(0))
server.listen(Number(port), '127.0.0.1')
