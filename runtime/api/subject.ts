import { hash } from 'node:crypto'
import type { TrackPayload } from './schema.ts'
import { idFault } from './semantics.ts'

/** Whom a call is about; `null` where it is nobody. */
export interface Subject {
  readonly profileId: string | null
  readonly sessionId: string | null
}

/** What decides whom a call is about, besides the call. */
export interface SubjectRules {
  /** Whether the call knows no profile, like that of a webhook: none is made, and no state of profile or session is stored. */
  readonly profileLess: boolean
  /** Whether the profile is the one that the call names; otherwise it is a hash of the session, always. */
  readonly trustsProfileIds: boolean
  /** Whether another site, which passes its profile on, sends for a source that may be used. */
  readonly knowsSource: (id: string) => boolean
}

export const TRUSTING: SubjectRules = { profileLess: false, trustsProfileIds: true, knowsSource: () => false }

/**
 * Whom a call is about. Nothing is looked up: a call that names a session but no profile belongs to the profile whose id is made
 * of the session's, so all calls of the session agree, in any order and from any API process.
 */
export function subjectOf(payload: TrackPayload, rules: SubjectRules): Subject {
  const givenSession = payload.session?.id?.trim()
  if (rules.profileLess) return { profileId: null, sessionId: givenSession || null }
  const sessionId = givenSession || crypto.randomUUID()
  if (!rules.trustsProfileIds) return { profileId: hashedProfile(sessionId), sessionId }
  const given = passedProfile(payload, rules) ?? payload.profile?.id?.trim()
  return { profileId: given || profileOfSession(sessionId), sessionId }
}

/** The profile that another site of the same owner has put into a link to this page: `context.tracardi.pass`. */
export function passOf({ context }: TrackPayload): { profile?: unknown; source?: unknown } | undefined {
  const tracardi = context?.['tracardi'] as { pass?: unknown } | null | undefined
  const pass = typeof tracardi === 'object' ? tracardi?.pass : undefined
  return typeof pass === 'object' && pass !== null ? pass : undefined
}

/** The passed profile, where its source is a source of this API. */
function passedProfile(payload: TrackPayload, { knowsSource }: SubjectRules): string | undefined {
  const { profile, source } = passOf(payload) ?? {}
  if (typeof profile !== 'string' || typeof source !== 'string' || idFault(profile)) return undefined
  return knowsSource(source.trim()) ? profile.trim() || undefined : undefined
}

/** Changing it would give every session another profile. */
const NAMESPACE = 'profile of session '
/** A session that says whose it is, as the browser library names the sessions of a visitor who returns. */
const OF_PROFILE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]+$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const VERSION_AT = 14

/**
 * The profile of a session that nobody names a profile for. The browser library finds the same one, in `identity.ts`.
 *
 * - `<UUID>.<text>` belongs to the profile with that UUID: the first part of the session's id is the profile's.
 * - A UUID belongs to the profile with the same UUID, except that its version is 8 (RFC 9562: made by a rule of one's own).
 * - Any other session belongs to a profile whose id is a hash of the session's.
 */
export function profileOfSession(sessionId: string): string {
  const [, profileId] = OF_PROFILE.exec(sessionId) ?? []
  if (profileId !== undefined) return profileId
  if (!UUID.test(sessionId)) return hashedProfile(sessionId)
  return `${sessionId.slice(0, VERSION_AT)}8${sessionId.slice(VERSION_AT + 1)}`
}

/** The same for a source that does not trust the ids of its callers: no session can be made for a profile whose id is known. */
export function hashedProfile(sessionId: string): string {
  const hex = hash('sha256', NAMESPACE + sessionId, 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) % 4) + 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
