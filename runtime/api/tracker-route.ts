import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

const DIST = new URL('../tracker/dist/', import.meta.url)
const SCRIPT = 'text/javascript; charset=utf-8'
const TYPES = 'text/plain; charset=utf-8'

/** What a page may load of the current release. Tracardi's own snippet asks for `liliput.min.js`. */
const SERVED = [
  ...['tracker.js', 'liliput.min.js', 'tracker.mjs', 'pages.js', 'pages.mjs'].map((name) => ({ name, type: SCRIPT })),
  ...['tracker.d.mts', 'pages.d.mts'].map((name) => ({ name, type: TYPES })),
  { name: 'published.json', type: 'application/json; charset=utf-8' },
]

/** A new release reaches every page within an hour; until then no page waits for an answer. */
const HOUR = 'public, max-age=3600, stale-while-revalidate=86400'
/** The name changes with the content. */
const FOREVER = 'public, max-age=31536000, immutable'

const HEADERS = {
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
  const published = readdirSync(new URL('published/', DIST)).map((name) => {
    return { name, type: SCRIPT, file: `published/${name}`, caching: FOREVER }
  })
  const served = SERVED.map(({ name, type }) => ({ name, type, file: name, caching: HOUR }))
  for (const { name, file, type, caching } of [...served, ...published]) {
    const variants = variantsOf(readFileSync(new URL(file, DIST)))
    server.route({
      method: ['GET', 'HEAD'],
      url: `/tracker/${name}`,
      schema: { hide: true },
      handler: (request, reply) => {
        const encoding = encodingFor(request.headers['accept-encoding'] ?? '')
        const { body, etag } = variants[encoding]
        reply.headers({ ...HEADERS, 'cache-control': caching, 'content-type': type, etag })
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
