import { isUtf8 } from 'node:buffer'
import { parse as parseQuery } from 'node:querystring'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { messageOf } from '../errors.ts'
import { parseExactly } from '../exact-json.ts'
import { type Scan, scanJson } from '../json-scan.ts'
import { holdBytes } from './admission.ts'
import { type CanonicalCall, parseCanonicalCall, readCanonicalCall } from './canonical-call.ts'
import { FaultyCall, Refused, tooLarge, tooManyValues } from './refused.ts'
import { type Turns, turn } from './turns.ts'

/** Synchronous, so that a body is expanded only in its turn. */
const decoders = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
} as const

/** JSON by its name (or without one, which `readBodies` adds), and as the plain text that `sendBeacon` sends so that a browser asks no permission first. */
const CONTENT_TYPES = ['application/json', 'text/plain', /^application\/[^;]+\+json$/]

/** Events of a page or an app compress to a fifth or a tenth; a body that expands by more than this was made to expand. */
const MAX_EXPANSION = 100
/** A body of this size may expand by any ratio. */
const ANY_RATIO_BYTES = 64 * 1024
/** A call has four levels above the free-form data, which may have 20. */
const MAX_DEPTH = 64
/** A body of this size is scanned immediately: that takes no longer than checking whether it must wait. */
const SMALL_BYTES = 64 * 1024
/** A larger text is parsed in another turn than it is decoded and scanned: each may take tens of milliseconds. */
const LARGE_CHARACTERS = 1024 * 1024
/** What a value of a parsed body takes in memory, besides its text. */
const VALUE_BYTES = 64
/** The text itself, and what the values have of it. */
const TEXT_COPIES = 2

export interface BodyOptions {
  readonly maxBytes: number
  readonly maxValues: number
  readonly turns: Turns
  /** Called with the id of the source as soon as the body shows it, before it is parsed. @throws Refused */
  readonly authorize: (request: FastifyRequest, sourceId: string) => void
}

interface Content {
  readonly body: Buffer
  readonly text: string
  readonly scan: Scan | CanonicalCall
}

/**
 * Reads bodies: any of the content types, compressed or not. What a body costs is bounded before it is parsed: its size
 * after decompression, the ratio of that, its values and its depth. Call it after `admit`.
 */
export function readBodies(server: FastifyInstance, options: BodyOptions): void {
  const { turns } = options
  server.removeAllContentTypeParsers()
  server.addHook('onRequest', (request, _reply, done) => {
    if (hasBody(request) && !request.headers['content-type']) request.raw.headers['content-type'] = 'application/json'
    done()
  })
  server.addContentTypeParser(
    CONTENT_TYPES as string[],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (body.length === 0 && !request.routeOptions.config.sourceInBody) return undefined
      if (encodingOf(request) === 'identity' && body.length <= SMALL_BYTES) {
        const content = open(request, body, options)
        return turn(turns, ownerOf(request), () => parseJson(content))
      }
      // In one turn, because a text that waits between two outlives the young generation of the heap.
      const opened = await turn(turns, request.client, () => {
        const content = open(request, body, options)
        return content.text.length > LARGE_CHARACTERS ? { content } : { document: parseJson(content) }
      })
      return 'document' in opened ? opened.document : turn(turns, ownerOf(request), () => parseJson(opened.content))
    },
  )
}

/**
 * HTTP libraries of Python, Node.js, Go and .NET name no type unless they are given one, and neither do Tracardi's clients, whose
 * server reads that as JSON.
 */
function hasBody({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
}

/** Reads the other bodies that a webhook may have: a form, and what a browser sends for `<a ping>`. They become properties. */
export function readForms(server: FastifyInstance, { maxBytes, maxValues, turns }: BodyOptions): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer) =>
      turn(turns, ownerOf(request), () => parseForm(textOf(request, body, maxBytes).text, maxValues)),
  )
  server.addContentTypeParser('text/ping', { parseAs: 'buffer' }, async ({ headers }: FastifyRequest) => {
    const { 'ping-from': from, 'ping-to': to } = headers
    return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  })
}

/** Each name with its value, or with a list of the values that it has. */
function parseForm(text: string, maxValues: number): unknown {
  let values = 1
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) values += 1
  if (values > maxValues) throw tooManyValues(maxValues)
  return parseQuery(text, '&', '=', { maxKeys: 0 })
}

function ownerOf({ source, client }: FastifyRequest): string {
  return source?.owner ?? client
}

/** The text of a body within the limits of size. */
function textOf(request: FastifyRequest, body: Buffer, maxBytes: number): Pick<Content, 'body' | 'text'> {
  const content = decompress(body, encodingOf(request), maxBytes)
  if (!isUtf8(content)) throw faultyBody('The body is not valid UTF-8', 'json_invalid')
  const text = content.toString('utf8')
  holdBytes(request.hold, body.length + text.length)
  return { body: content, text }
}

/** The text of a body of JSON within all limits, for a source that may send it. */
function open(request: FastifyRequest, body: Buffer, { maxBytes, maxValues, authorize }: BodyOptions): Content {
  const { body: content, text } = textOf(request, body, maxBytes)
  const { sourceInBody } = request.routeOptions.config
  const canonical =
    sourceInBody && content.length <= LARGE_CHARACTERS ? readCanonicalCall(content, maxValues) : undefined
  const scan = canonical ?? scanJson(text, { values: maxValues, depth: MAX_DEPTH })
  const sourceId = scan.sourceId?.trim()
  if (sourceId && sourceInBody) authorize(request, sourceId)
  if (scan.exceeded === 'values') throw tooManyValues(maxValues)
  if (scan.exceeded === 'depth') throw faultyBody(`The body is nested deeper than ${MAX_DEPTH} levels`, 'too_deep')
  holdBytes(request.hold, TEXT_COPIES * text.length + VALUE_BYTES * scan.values)
  return { body: content, text, scan }
}

function parseJson({ body, text, scan }: Content): unknown {
  if ('data' in scan) return parseCanonicalCall(body, text, scan)
  try {
    return parseExactly(text, scan)
  } catch (error) {
    throw faultyBody(`JSON decode error: ${messageOf(error)}`, 'json_invalid')
  }
}

function encodingOf({ headers }: FastifyRequest): string {
  return headers['content-encoding']?.trim().toLowerCase() || 'identity'
}

function decompress(body: Buffer, name: string, maxBytes: number): Buffer {
  if (name === 'identity') return body
  const decode = Object.hasOwn(decoders, name) ? decoders[name as keyof typeof decoders] : undefined
  if (!decode) {
    throw new Refused(415, `Content-Encoding "${name}" is not known; known are ${Object.keys(decoders).join(', ')}`)
  }
  const maxExpandedBytes = Math.max(ANY_RATIO_BYTES, MAX_EXPANSION * body.length)
  try {
    return decode(body, { maxOutputLength: Math.min(maxBytes, maxExpandedBytes) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw maxExpandedBytes < maxBytes ? expandsTooMuch() : tooLarge(maxBytes)
    }
    throw faultyBody(`The body is not valid ${name}: ${messageOf(error)}`, 'encoding_invalid')
  }
}

function expandsTooMuch(): Refused {
  return new Refused(413, `The body expands to more than ${MAX_EXPANSION} times its size; send it uncompressed`)
}

function faultyBody(msg: string, type: string): FaultyCall {
  return new FaultyCall([{ loc: ['body'], msg, type }])
}
