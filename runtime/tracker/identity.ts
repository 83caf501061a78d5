import type { Host } from './host.ts'
import type { Kept } from './kept.ts'
import { SESSION_MS, type Session, slide } from './session.ts'

/** The names that Tracardi's own library uses for both, so that a page that migrates keeps its visitors. */
const SESSION_COOKIE = 'tracardi-session-id'
const PROFILE_KEY = 'tracardi-profile-id'

/** Whose events they are, and of which visit. */
export interface Identity {
  /** Id of the session of an event that is registered now. */
  session(): string
  profile(): string
  /** The API has the last word on who the profile is. */
  takeOver(profileId: string | undefined): void
  forget(): void
}

/**
 * @param profile id of the profile, where the page knows it.
 * @param newId makes an id.
 */
export function identityIn(host: Host, kept: Kept, profile: string | undefined, newId: () => string): Identity {
  let session: Session | undefined
  return {
    session: () => {
      const nowMs = host.nowMs()
      // The browser ends the cookie in time.
      const cookie = kept.shared && host.readCookie(SESSION_COOKIE)
      session = slide(cookie ? { id: cookie, seenMs: nowMs } : session, nowMs, newId)
      if (kept.shared) host.writeCookie(SESSION_COOKIE, session.id, SESSION_MS / 1000)
      return session.id
    },
    profile: () => {
      // Made here when there is none: a first call that is repeated, or two that cross, must not make two profiles.
      const id = profile ?? kept.getForGood(PROFILE_KEY) ?? newId()
      kept.setForGood(PROFILE_KEY, id)
      return id
    },
    takeOver: (profileId) => {
      if (profileId && !profile) kept.setForGood(PROFILE_KEY, profileId)
    },
    forget: () => {
      session = undefined
      kept.remove(PROFILE_KEY)
      if (kept.shared) for (const name of [SESSION_COOKIE, PROFILE_KEY]) host.writeCookie(name, '', 0)
    },
  }
}
