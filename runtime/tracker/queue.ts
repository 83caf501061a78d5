import type { Entry } from './bulk.ts'
import { timeOfId } from './event-id.ts'
import type { Kept } from './kept.ts'

/** The events that wait. */
export interface Queue {
  add(entry: Entry): void
  /** Ids of all that waits, what other tabs and earlier pages left among it; the oldest first. */
  ids(): string[]
  get(id: string): Entry | undefined
  outlivesPage(id: string): boolean
  remove(id: string): void
  /** @returns how many were made before that time, and have been removed. */
  removeOlderThan(timeMs: number): number
}

/**
 * Keeps each event under a key of its own: so the tabs of an origin share them without a step in which one could
 * overwrite what another has just added.
 *
 * @param prefix what the keys begin with.
 */
export function queueIn(kept: Kept, prefix: string): Queue {
  const ids = () =>
    kept
      .keys(prefix)
      .map((key) => key.slice(prefix.length))
      .sort()
  const remove = (id: string) => kept.remove(prefix + id)
  return {
    add: ({ id, sessionId, json }) => kept.set(prefix + id, `${sessionId}\n${json}`),
    ids,
    get: (id) => {
      // A text of JSON has no line break.
      const [sessionId = '', json] = kept.get(prefix + id)?.split('\n') ?? []
      return json === undefined ? undefined : { id, sessionId, json }
    },
    outlivesPage: (id) => kept.outlivesPage(prefix + id),
    remove,
    removeOlderThan: (timeMs) => {
      const old = ids().filter((id) => timeOfId(id) < timeMs)
      old.forEach(remove)
      return old.length
    },
  }
}
