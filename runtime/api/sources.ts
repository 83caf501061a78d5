import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Errors } from 'typebox/value'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { CANARY_SOURCE } from '../names.ts'
import type { SourceLimits } from './limits.ts'
import { MAX_ID_BYTES } from './schema.ts'

/** How soon a changed file is noticed. Reading it sees also the swapped links by which Kubernetes updates a mounted file. */
const POLL_MS = 1000

/** Shorter secrets can be guessed. */
const MIN_SECRET_CHARACTERS = 16

/** A name of a header that carries no credential. */
const HEADER_NAME =
  '^(?!(?:[cC][oO][oO][kK][iI][eE]|(?:[pP][rR][oO][xX][yY]-)?[aA][uU][tT][hH][oO][rR][iI][zZ][aA][tT][iI][oO][nN])$)[-\\w]+$'

const rate = Type.Optional(Type.Number({ minimum: 0 }))
const Limits = Type.Object(
  { callsPerSecond: rate, eventsPerSecond: rate, bytesPerSecond: rate },
  { additionalProperties: false },
)

const Redirects = Type.Record(
  Type.String({ maxLength: MAX_ID_BYTES }),
  Type.Object(
    {
      to: Type.String({ pattern: '^https?://[^\\s/]+\\S*$' }),
      type: Type.String({ pattern: '\\S', maxLength: MAX_ID_BYTES }),
    },
    { additionalProperties: false },
  ),
)

const SourcesFile = Type.Record(
  Type.String({ maxLength: MAX_ID_BYTES }),
  Type.Object(
    {
      name: Type.Optional(Type.String()),
      enabled: Type.Optional(Type.Boolean()),
      allowedOrigins: Type.Optional(Type.Array(Type.String({ pattern: '^(\\*|https?://[^/\\s]+)$' }))),
      secrets: Type.Optional(Type.Array(Type.String({ minLength: MIN_SECRET_CHARACTERS }), { minItems: 1 })),
      limits: Type.Optional(Limits),
      trustProfileIds: Type.Optional(Type.Boolean()),
      refuseBots: Type.Optional(Type.Boolean()),
      storeIp: Type.Optional(Type.Enum(['drop', 'truncate', 'keep'])),
      storeHeaders: Type.Optional(Type.Array(Type.String({ pattern: HEADER_NAME }))),
      deriveFields: Type.Optional(Type.Boolean()),
      redirects: Type.Optional(Redirects),
    },
    { additionalProperties: false },
  ),
)
const KNOWN_KEYS = [
  'name, enabled, allowedOrigins, secrets, limits, trustProfileIds, refuseBots, storeIp, storeHeaders, deriveFields and redirects',
  'callsPerSecond, eventsPerSecond and bytesPerSecond',
  'to and type',
] as const

/** Who may send events. */
export interface Source {
  readonly id: string
  /** Its name among those who share memory and turns with it: sources, and addresses, which have no blank. */
  readonly owner: string
  readonly name: string
  readonly enabled: boolean
  /** Origins of the pages that may send for it, `https://www.example.com`, or `*` for any. None means: no browser. */
  readonly allowedOrigins: ReadonlySet<string>
  /** SHA-256 of each secret that is valid. None: the source is public, and anyone who knows its id may send for it. */
  readonly secrets: readonly Buffer[]
  /** Its own limits; the settings have those of every other source. */
  readonly limits: Partial<SourceLimits>
  /** Whether a call belongs to the profile that it names. Otherwise it belongs to the profile of its session, always. */
  readonly trustsProfileIds: boolean
  /** Whether calls of search engines, link previews and other programs are refused. */
  readonly refusesBots: boolean
  /** What is stored of the address of a client: nothing, its network, or all of it. */
  readonly storedIp: 'drop' | 'truncate' | 'keep'
  /** Names of the headers of a call that are stored with its events, in lower case. */
  readonly storedHeaders: readonly string[]
  /** Whether its documents have the fields that Tracardi derives: device, os, app, hit and session.start. */
  readonly derivesFields: boolean
}

/** A link that stores an event and redirects. */
export interface Redirect {
  readonly sourceId: string
  readonly to: string
  /** Of the event. */
  readonly type: string
}

export interface Sources {
  find(id: string): Source | undefined
  /** The redirect with this id, of whichever source. */
  redirect(id: string): Redirect | undefined
  /** What is wrong with the file at present, while the last good one is in force. */
  fault(): string | undefined
  close(): void
}

/**
 * The sources of a file, which is a JSON object from the id of a source to its settings, each optional. `docs/configuration.md`
 * describes them.
 *
 * @throws AppError `sources_invalid` with each fault of the file.
 */
export function readSources(path: string): ReadonlyMap<string, Source> {
  return parseSources(path, readText(path)).sources
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('sources_invalid', `the sources file "${path}" cannot be read`, { cause })
  }
}

/** What a sources file says. */
interface Content {
  readonly sources: ReadonlyMap<string, Source>
  readonly redirects: ReadonlyMap<string, Redirect>
}

function parseSources(path: string, text: string): Content {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw new AppError('sources_invalid', `the sources file "${path}" is not JSON`, { cause })
  }
  const faults = Errors(SourcesFile, content).map(describe).filter(Boolean)
  if (faults.length === 0) faults.push(...contradictions(content as Static<typeof SourcesFile>))
  if (faults.length > 0) {
    throw new AppError('sources_invalid', `the sources file "${path}" has faults: ${faults.join('; ')}`)
  }
  const entries = Object.entries(content as Static<typeof SourcesFile>)
  return {
    sources: new Map(entries.map(([id, entry]) => [id, sourceOf(id, entry)])),
    redirects: new Map(redirectsOf(entries)),
  }
}

function redirectsOf(entries: readonly [string, Static<typeof SourcesFile>[string]][]): [string, Redirect][] {
  return entries.flatMap(([sourceId, { redirects = {} }]) =>
    Object.entries(redirects).map(([id, { to, type }]): [string, Redirect] => [id, { sourceId, to, type }]),
  )
}

type SourcesFault = ReturnType<typeof Errors>[number]

function describe({ keyword, instancePath, message }: SourcesFault): string | undefined {
  const where = instancePath || '/'
  // The validator reports an unknown key twice: once for the key, and once for its object.
  if (keyword === 'additionalProperties') return undefined
  if (keyword === 'boolean') return `${where} is unknown; known are ${KNOWN_KEYS[depthOf(where)]}`
  if (keyword === 'enum') return `${where} must be "drop", "truncate" or "keep"`
  if (keyword === 'pattern' && where.endsWith('/to'))
    return `${where} must be an address like https://www.example.com/sale`
  if (keyword === 'pattern' && where.endsWith('/type')) return `${where} must not be blank`
  if (keyword === 'pattern' && where.includes('/storeHeaders/'))
    return `${where} must be the name of a header other than cookie, authorization and proxy-authorization`
  if (keyword === 'pattern') return `${where} must be an origin like https://www.example.com, or *`
  return `${where} ${message}`
}

/** Which of the known keys belong there. */
function depthOf(where: string): 0 | 1 | 2 {
  if (where.includes('/limits/')) return 1
  return where.includes('/redirects/') ? 2 : 0
}

/** A secret in a page or in a link is no secret. */
function contradictions(content: Static<typeof SourcesFile>): string[] {
  const entries = Object.entries(content)
  const withSecrets = entries.filter(([, { secrets }]) => secrets !== undefined)
  const inPages = withSecrets
    .filter(([, { allowedOrigins = [] }]) => allowedOrigins.length > 0)
    .map(([id]) => `/${id} has secrets and allowedOrigins; a page cannot keep a secret: use two sources`)
  const inLinks = withSecrets
    .filter(([, { redirects }]) => redirects !== undefined)
    .map(([id]) => `/${id} has secrets and redirects; a link cannot keep a secret: use two sources`)
  const seen = new Map<string, string>()
  const twice = redirectsOf(entries).flatMap(([id, { sourceId }]) => {
    const first = seen.get(id)
    seen.set(id, sourceId)
    return first === undefined
      ? []
      : [`/${sourceId}/redirects/${id} exists in /${first} as well; a link names no source`]
  })
  const reserved = CANARY_SOURCE in content ? [`/${CANARY_SOURCE} is reserved for the canary; choose another id`] : []
  return [...inPages, ...inLinks, ...twice, ...reserved]
}

/** The same sources and that of the canary. */
export function withCanary(sources: Sources, secret: string): Sources {
  const canary = sourceOf(CANARY_SOURCE, { secrets: [secret] })
  return { ...sources, find: (id) => (id === CANARY_SOURCE ? canary : sources.find(id)) }
}

function sourceOf(id: string, entry: Static<typeof SourcesFile>[string]): Source {
  const { name = id, enabled = true, allowedOrigins = [], secrets = [], limits = {} } = entry
  const { trustProfileIds: trustsProfileIds = true, refuseBots: refusesBots = false } = entry
  const { storeIp: storedIp = 'drop', storeHeaders = [], deriveFields: derivesFields = false } = entry
  return {
    id,
    owner: ownerOf(id),
    name,
    enabled,
    allowedOrigins: new Set(allowedOrigins.map(asSentByBrowsers)),
    secrets: secrets.map(digestOf),
    limits,
    trustsProfileIds,
    refusesBots,
    storedIp,
    storedHeaders: storeHeaders.map((name) => name.toLowerCase()),
    derivesFields,
  }
}

/** Browsers send an origin in lower case and without the usual port. */
function asSentByBrowsers(origin: string): string {
  return URL.parse(origin)?.origin ?? origin
}

export function ownerOf(sourceId: string): string {
  return `source ${sourceId}`
}

/** What is kept of a secret, and compared. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

export function originAllowed(source: Source, origin: string): boolean {
  return source.allowedOrigins.has('*') || source.allowedOrigins.has(origin)
}

/**
 * Reads the file now, and again whenever it changes. A changed file with a fault is reported and changes nothing: the last
 * good one stays in force.
 *
 * @throws AppError `sources_invalid` when the file is not good now.
 */
export function watchSources(path: string, log: Logger, pollMs = POLL_MS): Sources {
  let text = readText(path)
  let content = parseSources(path, text)
  let reason: string | undefined
  const reread = () => {
    try {
      const latest = readText(path)
      if (latest === text && reason === undefined) return
      content = parseSources(path, latest)
      text = latest
      reason = undefined
      log.info({ path, sources: content.sources.size }, 'sources reread')
    } catch (error) {
      // Once for each fault, not at each reading.
      if (messageOf(error) === reason) return
      reason = messageOf(error)
      log.error({ err: error }, 'the sources file has a fault: the last good one stays in force')
    }
  }
  const timer = setInterval(reread, pollMs).unref()
  return {
    find: (id) => content.sources.get(id),
    redirect: (id) => content.redirects.get(id),
    fault: () => reason,
    close: () => clearInterval(timer),
  }
}
