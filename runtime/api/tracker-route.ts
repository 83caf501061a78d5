import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

const SCRIPT = 'text/javascript; charset=utf-8'

/** What a page may load, and the built file that it gets. Tracardi's own snippet asks for `liliput.min.js`. */
const SERVED = [
  { name: 'tracker.js', file: 'tracker.js', type: SCRIPT },
  { name: 'liliput.min.js', file: 'liliput.min.js', type: SCRIPT },
  { name: 'tracker.mjs', file: 'tracker.mjs', type: SCRIPT },
  { name: 'tracker.d.mts', file: 'tracker.d.mts', type: 'text/plain; charset=utf-8' },
] as const

const HEADERS = {
  // A new release reaches every page within an hour; until then no page waits for an answer.
  'cache-control': 'public, max-age=3600, stale-while-revalidate=86400',
  'x-content-type-options': 'nosniff',
  // Pages that isolate themselves (COEP) may load it, too.
  'cross-origin-resource-policy': 'cross-origin',
  vary: 'Origin, Accept-Encoding',
}

/** Content-Encodings in the order in which they are preferred; the last is understood by everyone. */
const ENCODERS = {
  br: brotliCompressSync,
  gzip: gzipSync,
  identity: (content: Buffer) => content,
} as const

type Encoding = keyof typeof ENCODERS

interface Variant {
  readonly body: Buffer
  readonly etag: string
}

/** `/tracker/…`: the browser library, read and compressed once. */
export function addTrackerRoutes(server: FastifyInstance): void {
  for (const { name, file, type } of SERVED) {
    const variants = variantsOf(readFileSync(new URL(`../tracker/dist/${file}`, import.meta.url)))
    server.route({
      method: ['GET', 'HEAD'],
      url: `/tracker/${name}`,
      schema: { hide: true },
      handler: (request, reply) => {
        const encoding = encodingFor(request.headers['accept-encoding'] ?? '')
        const { body, etag } = variants[encoding]
        reply.headers({ ...HEADERS, 'content-type': type, etag })
        if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
        if (encoding !== 'identity') reply.header('content-encoding', encoding)
        return reply.send(body)
      },
    })
  }
}

function variantsOf(content: Buffer): Readonly<Record<Encoding, Variant>> {
  const variant = (encode: (content: Buffer) => Buffer): Variant => {
    const body = encode(content)
    return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
  }
  return { br: variant(ENCODERS.br), gzip: variant(ENCODERS.gzip), identity: variant(ENCODERS.identity) }
}

function encodingFor(accepted: string): Encoding {
  const names = accepted
    .split(',')
    .map((choice) => choice.replaceAll(' ', ''))
    .filter((choice) => !/;q=0(\.0*)?$/.test(choice))
    .map((choice) => choice.split(';')[0])
  return (Object.keys(ENCODERS) as Encoding[]).find((encoding) => names.includes(encoding)) ?? 'identity'
}

/** A proxy may have made the tag a weak one; for a whole body that is the same. */
function matches(given: string | undefined, etag: string): boolean {
  const tags = given?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  return tags.includes(etag) || tags.includes('*')
}
