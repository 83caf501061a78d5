/** A visit ends so long after its last event. */
export const SESSION_MS = 30 * 60 * 1000

export interface Session {
  readonly id: string
  /** When its last event was registered, in ms since 1970. */
  readonly seenMs: number
}

/** The session of an event that is registered now: the one before, prolonged, or a new one when that has ended. */
export function slide(before: Session | undefined, nowMs: number, newId: () => string): Session {
  const goesOn = before !== undefined && nowMs - before.seenMs < SESSION_MS
  return { id: goesOn ? before.id : newId(), seenMs: nowMs }
}
