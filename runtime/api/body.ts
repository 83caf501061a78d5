import { isUtf8 } from 'node:buffer'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { messageOf } from '../errors.ts'
import { parseExactly } from '../exact-json.ts'
import { holdAtLeast } from './admission.ts'
import { FaultyCall, Refused, tooLarge } from './refused.ts'

/** One at a time, so that bodies which expand cannot do so together; the largest takes less time than its JSON does. */
const decoders = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
} as const

/** JSON by its name, and as the plain text that `sendBeacon` sends so that a browser asks no permission first. */
const CONTENT_TYPES = ['application/json', 'text/plain', /^application\/[^;]+\+json$/]

/** Reads bodies: any of the content types, compressed or not, never more than `maxBytes` after decompression. */
export function readBodies(server: FastifyInstance, maxBytes: number): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(
    CONTENT_TYPES as string[],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const content = decompress(body, request.headers['content-encoding'], maxBytes)
      holdAtLeast(request.hold, content.length)
      return parseJson(content)
    },
  )
}

function parseJson(content: Buffer): unknown {
  if (!isUtf8(content)) throw faultyBody('The body is not valid UTF-8', 'json_invalid')
  try {
    return parseExactly(content.toString('utf8'))
  } catch (error) {
    throw faultyBody(`JSON decode error: ${messageOf(error)}`, 'json_invalid')
  }
}

function decompress(body: Buffer, encoding: string | undefined, maxBytes: number): Buffer {
  const name = encoding?.trim().toLowerCase() || 'identity'
  if (name === 'identity') return body
  const decode = Object.hasOwn(decoders, name) ? decoders[name as keyof typeof decoders] : undefined
  if (!decode) {
    throw new Refused(415, `Content-Encoding "${name}" is not known; known are ${Object.keys(decoders).join(', ')}`)
  }
  try {
    return decode(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw faultyBody(`The body is not valid ${name}: ${messageOf(error)}`, 'encoding_invalid')
  }
}

function faultyBody(msg: string, type: string): FaultyCall {
  return new FaultyCall([{ loc: ['body'], msg, type }])
}
