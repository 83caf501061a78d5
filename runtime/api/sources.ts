import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Errors } from 'typebox/value'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** How soon a changed file is noticed. Reading it sees also the swapped links by which Kubernetes updates a mounted file. */
const POLL_MS = 1000

const SourcesFile = Type.Record(
  Type.String(),
  Type.Object(
    {
      name: Type.Optional(Type.String()),
      enabled: Type.Optional(Type.Boolean()),
      allowedOrigins: Type.Optional(Type.Array(Type.String({ pattern: '^(\\*|https?://[^/\\s]+)$' }))),
    },
    { additionalProperties: false },
  ),
)

/** Who may send events. */
export interface Source {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** Origins of the pages that may send for it, `https://www.example.com`, or `*` for any. None means: no browser. */
  readonly allowedOrigins: ReadonlySet<string>
}

export interface Sources {
  find(id: string): Source | undefined
  /** Whether a page of this origin may send for any source that is enabled. */
  allowsOrigin(origin: string): boolean
  close(): void
}

/**
 * The sources of a file, which is a JSON object from the id of a source to `{name, enabled, allowedOrigins}`.
 *
 * @throws AppError `sources_invalid` with each fault of the file.
 */
export function readSources(path: string): ReadonlyMap<string, Source> {
  return parseSources(path, readText(path))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('sources_invalid', `the sources file "${path}" cannot be read`, { cause })
  }
}

function parseSources(path: string, text: string): ReadonlyMap<string, Source> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw new AppError('sources_invalid', `the sources file "${path}" is not JSON`, { cause })
  }
  const faults = Errors(SourcesFile, content)
  if (faults.length > 0) {
    const list = faults.map(describe).filter(Boolean).join('; ')
    throw new AppError('sources_invalid', `the sources file "${path}" is not as it should be: ${list}`)
  }
  return new Map(Object.entries(content as Static<typeof SourcesFile>).map(([id, entry]) => [id, sourceOf(id, entry)]))
}

type SourcesFault = ReturnType<typeof Errors>[number]

function describe({ keyword, instancePath, message }: SourcesFault): string | undefined {
  const where = instancePath || '/'
  // The validator tells an unknown key twice: once of the key, and once of the object that has it.
  if (keyword === 'additionalProperties') return undefined
  if (keyword === 'boolean') return `${where} is not known; known are name, enabled, allowedOrigins`
  if (keyword === 'pattern') return `${where} must be an origin like https://www.example.com, or *`
  return `${where} ${message}`
}

function sourceOf(id: string, entry: Static<typeof SourcesFile>[string]): Source {
  const { name = id, enabled = true, allowedOrigins = [] } = entry
  return { id, name, enabled, allowedOrigins: new Set(allowedOrigins.map(asSentByBrowsers)) }
}

/** Browsers send an origin in lower case and without the usual port. */
function asSentByBrowsers(origin: string): string {
  return URL.parse(origin)?.origin ?? origin
}

export function originAllowed(source: Source, origin: string): boolean {
  return source.allowedOrigins.has('*') || source.allowedOrigins.has(origin)
}

/** Origins that any enabled source allows. */
function originsOf(sources: ReadonlyMap<string, Source>): ReadonlySet<string> {
  return new Set([...sources.values()].flatMap((source) => (source.enabled ? [...source.allowedOrigins] : [])))
}

/**
 * Reads the file now, and again whenever it changes. A changed file with a fault is logged and changes nothing: the last
 * good one stays in force.
 *
 * @throws AppError `sources_invalid` when the file is not good now.
 */
export function watchSources(path: string, log: Logger, pollMs = POLL_MS): Sources {
  let text = readText(path)
  let sources = parseSources(path, text)
  let origins = originsOf(sources)
  let reason: string | undefined
  const reread = () => {
    try {
      const latest = readText(path)
      if (latest === text && reason === undefined) return
      sources = parseSources(path, latest)
      origins = originsOf(sources)
      text = latest
      reason = undefined
      log.info({ path, sources: sources.size }, 'sources reread')
    } catch (error) {
      // Once for each fault, not at each reading.
      if (messageOf(error) === reason) return
      reason = messageOf(error)
      log.error({ reason }, 'sources file changed, but is not good: the last one stays in force')
    }
  }
  const timer = setInterval(reread, pollMs).unref()
  return {
    find: (id) => sources.get(id),
    allowsOrigin: (origin) => origins.has('*') || origins.has(origin),
    close: () => clearInterval(timer),
  }
}
