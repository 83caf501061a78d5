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
  /** Whether the profile is the one that the call names; otherwise it is always that of the session. */
  readonly trustsProfileIds: boolean
  /** Whether another site, which passes its profile on, sends for a source that may be used. */
  readonly knowsSource: (id: string) => boolean
}

export const TRUSTING: SubjectRules = { profileLess: false, trustsProfileIds: true, knowsSource: () => false }

/**
 * Whom a call is about. Nothing is looked up: a call that names a session but no profile belongs to the profile whose id is made
 * of the session's, so all calls of the session agree, in whatever order and from whichever API process.
 */
export function subjectOf(payload: TrackPayload, rules: SubjectRules): Subject {
  const givenSession = payload.session?.id?.trim()
  if (rules.profileLess) return { profileId: null, sessionId: givenSession || null }
  const sessionId = givenSession || crypto.randomUUID()
  const given = rules.trustsProfileIds ? (passedProfile(payload, rules) ?? payload.profile?.id?.trim()) : undefined
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

/** A UUIDv8 (RFC 9562) with 122 bits of a hash of the session id. */
export function profileOfSession(sessionId: string): string {
  const hex = hash('sha256', NAMESPACE + sessionId, 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) % 4) + 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
