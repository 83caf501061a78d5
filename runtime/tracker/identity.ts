import type { Host } from './host.ts'
import type { Kept } from './kept.ts'
import { SESSION_MS, type Session, slide } from './session.ts'
import type { Properties } from './types.ts'

/** The names that Tracardi's own library uses for both, so that a page that migrates keeps its visitors, also back to it. */
const SESSION_COOKIE = 'tracardi-session-id'
const PROFILE_KEY = 'tracardi-profile-id'
const CAMPAIGN_KEY = 'tracardi-campaign'

/**
 * An id as it was meant. Tracardi's library writes the profile as JSON, with quotes, and reads it with or without. In a cookie,
 * the quotes are encoded. An earlier version of this library took the quotes for a part of the id.
 */
export function idIn(text: string | undefined): string | undefined {
  let id = text?.replaceAll('%22', '"')
  try {
    while (id?.startsWith('"')) id = JSON.parse(id)
  } catch {}
  return /^(null|undefined)?$/.test(id ?? '') ? undefined : id
}

const UUID_LENGTH = 36
const VERSION_AT = 14

/**
 * The profile of a session that nobody names a profile for, by the rule of the API, for the sessions of this library and of
 * Tracardi's; `undefined` for others, whose profile only the API can say.
 */
export function profileOfSession(id: string): string | undefined {
  if (id[UUID_LENGTH] === '.') return id.slice(0, UUID_LENGTH)
  return id.length === UUID_LENGTH ? `${id.slice(0, VERSION_AT)}8${id.slice(VERSION_AT + 1)}` : undefined
}

/** Whose events they are, and of which visit. */
export interface Identity {
  /** Id of the session of an event that is registered now. */
  session(): string
  /** @param sessionId of the events. */
  profile(sessionId: string): string
  /** The campaign of the page, or else the one that the session has had before: a visit has it on every page. */
  campaign(sessionId: string, ofPage: Properties): Properties
  /** From now on it is this profile, whatever the browser knows. */
  identify(profileId: string): void
  /** The API has the last word on who the profile is. */
  takeOver(profileId: string | undefined): void
  forget(): void
}

/**
 * @param given id of the profile, where the page knows it.
 * @param newId makes an id.
 */
export function identityIn(host: Host, kept: Kept, given: string | undefined, newId: () => string): Identity {
  let session: Session | undefined
  let profile = given
  const known = () => profile ?? idIn(kept.getForGood(PROFILE_KEY))
  /** Says whose it is, where that is known: then a server that knows only the session finds the profile. */
  const newSession = () => {
    const id = newId()
    const profileId = known()
    return profileId?.length === UUID_LENGTH ? `${profileId}.${id.slice(-12)}` : id
  }
  return {
    session: () => {
      const nowMs = host.nowMs()
      // The browser ends the cookie in time.
      const cookie = kept.shared && idIn(host.readCookie(SESSION_COOKIE))
      session = slide(cookie ? { id: cookie, seenMs: nowMs } : session, nowMs, newSession)
      if (kept.shared) host.writeCookie(SESSION_COOKIE, session.id, SESSION_MS / 1000)
      return session.id
    },
    profile: (sessionId) => {
      // Made here when there is none: a first call that is repeated, or two that cross, must not make two profiles.
      const id = known() ?? profileOfSession(sessionId) ?? newId()
      kept.setForGood(PROFILE_KEY, id)
      return id
    },
    campaign: (sessionId, ofPage) => {
      const hasOwn = Object.keys(ofPage).length > 0
      if (hasOwn) kept.set(CAMPAIGN_KEY, JSON.stringify({ [sessionId]: ofPage }))
      try {
        return JSON.parse(kept.get(CAMPAIGN_KEY) as string)[sessionId] ?? ofPage
      } catch {
        // None is kept, or somebody else has written there.
        return ofPage
      }
    },
    identify: (profileId) => {
      profile = profileId
    },
    takeOver: (profileId) => {
      if (profileId && !profile) kept.setForGood(PROFILE_KEY, profileId)
    },
    forget: () => {
      session = undefined
      profile = given
      kept.remove(PROFILE_KEY)
      kept.remove(CAMPAIGN_KEY)
      if (kept.shared) for (const name of [SESSION_COOKIE, PROFILE_KEY]) host.writeCookie(name, '', 0)
    },
  }
}
