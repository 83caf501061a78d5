import Bowser from 'bowser'
import { isbot } from 'isbot'
import { type Json, Verbatim } from '../search/documents.ts'
import { timeInId } from '../search/indices.ts'
import type { TrackPayload } from './schema.ts'

/** Fields that Tracardi derives for its index, of one call. A source has to ask for them. */
export interface Derived {
  readonly device?: Json
  readonly os?: Json
  readonly app?: Json
}

/** Longer ones are no browser's, and are not looked at. */
const MAX_AGENT_CHARACTERS = 512
/** User agents whose meaning is kept: a site sees the same few again and again. */
const MAX_AGENTS = 1000
/** A session that is older than this began with another clock. */
const MAX_SESSION_AGE_MS = 24 * 3600 * 1000

/**
 * Device, system and program of the sender. The user agent is the one in the context of the call, as in Tracardi, otherwise that
 * of the request.
 *
 * @param agent of the request.
 */
export function derivedOf({ context }: Pick<TrackPayload, 'context'>, agent: string | undefined): Derived {
  const browser = objectAt(context, 'browser', 'local', 'browser')
  const screen = objectAt(context, 'screen', 'local')
  const inContext = browser?.['userAgent']
  const { device, os, app } = agentOf(typeof inContext === 'string' ? inContext : agent)
  return {
    ...filled('device', { ...device, ...screenFields(screen) }),
    ...filled('os', os),
    ...filled('app', { ...app, ...textMember('language', browser?.['language']) }),
  }
}

/** The page of an event, as Tracardi has it. */
export function hitOf(context: Json | Verbatim | null | undefined): Json | undefined {
  const page = objectAt(contextOf(context), 'page')
  if (page === undefined) return undefined
  const hit = {
    ...textMember('name', page['title']),
    ...textMember('url', page['url']),
    ...textMember('referer', objectAt(page, 'referer')?.['host']),
  }
  return Object.keys(hit).length === 0 ? undefined : hit
}

/**
 * When a session began, ISO 8601: what an import says of it, or the time inside its id, if that is a UUIDv7. `undefined` if neither
 * says it.
 */
export function sessionStart(
  given: { readonly insert?: string | undefined; readonly create?: string | undefined },
  sessionId: string,
  nowMs: number,
): string | undefined {
  const said = given.insert ?? given.create
  if (said !== undefined) return said
  const timeMs = timeInId(sessionId)
  const isPlausible = timeMs !== undefined && timeMs <= nowMs && nowMs - timeMs <= MAX_SESSION_AGE_MS
  return isPlausible ? new Date(timeMs).toISOString() : undefined
}

/** What an event says of its place as text is parsed only here, for sources that ask for it. */
function contextOf(context: Json | Verbatim | null | undefined): unknown {
  if (!(context instanceof Verbatim)) return context
  return context.text.includes('"page":{') ? JSON.parse(context.text) : undefined
}

function screenFields(screen: Json | undefined): Json {
  const { width, height, colorDepth, orientation } = screen ?? {}
  return {
    ...(isCount(width) && isCount(height) ? { resolution: `${width}x${height}` } : {}),
    ...(isCount(colorDepth) ? { color_depth: colorDepth } : {}),
    ...textMember('orientation', orientation),
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1e6
}

interface Agent {
  readonly device: Json
  readonly os: Json
  readonly app: Json
}

const NO_AGENT: Agent = { device: {}, os: {}, app: {} }
const agents = new Map<string, Agent>()

function agentOf(text: string | undefined): Agent {
  if (text === undefined || text === '' || text.length > MAX_AGENT_CHARACTERS) return NO_AGENT
  const known = agents.get(text)
  if (known !== undefined) return known
  if (agents.size >= MAX_AGENTS) agents.clear()
  const agent = parseAgent(text)
  agents.set(text, agent)
  return agent
}

/** Names that Tracardi has for something else than the library. */
const TYPES: Readonly<Record<string, string>> = { desktop: 'pc' }
const SYSTEMS: Readonly<Record<string, string>> = { macOS: 'Mac OS X' }

function parseAgent(text: string): Agent {
  const { browser, os, platform } = Bowser.parse(text)
  const { type, vendor, model } = platform
  const isTouched = type === 'mobile' || type === 'tablet'
  const version = os.name === 'Windows' ? os.versionName : os.version
  return {
    device: {
      ...textMember('brand', vendor),
      ...textMember('model', model),
      ...textMember('type', type === undefined ? undefined : (TYPES[type] ?? type)),
      ...(type === undefined ? {} : { touch: isTouched }),
    },
    os: {
      ...textMember('name', os.name === undefined ? undefined : (SYSTEMS[os.name] ?? os.name)),
      ...textMember('version', version),
    },
    app: {
      ...(browser.name ? { type: 'browser' } : {}),
      ...textMember('name', browser.name),
      ...textMember('version', browser.version),
      bot: isbot(text),
    },
  }
}

function objectAt(value: unknown, ...path: readonly string[]): Json | undefined {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined
    found = (found as Json)[key]
  }
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Json) : undefined
}

function textMember(key: string, value: unknown): Json {
  return isStorableText(value) ? { [key]: value } : {}
}

function filled(key: keyof Derived, members: Json): Derived {
  return Object.keys(members).length === 0 ? {} : { [key]: members }
}

/** Whether a text can be a keyword: an empty one says nothing, and a lone surrogate is no character. */
export function isStorableText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}
