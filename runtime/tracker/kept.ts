import type { Host, StorageLike } from './host.ts'

/** What is kept in the browser. Where storage takes nothing, it is kept in memory, for as long as the page lives. */
export interface Kept {
  /** Whether other tabs see what this one keeps. */
  readonly shared: boolean
  get(key: string): string | undefined
  set(key: string, value: string): void
  /** What `setForGood` has kept. */
  getForGood(key: string): string | undefined
  /** For a short value that the next page must have: where storage takes nothing, it goes into a cookie. */
  setForGood(key: string, value: string): void
  remove(key: string): void
  keys(prefix: string): string[]
  /** Whether it is still there when the page is not. */
  outlivesPage(key: string): boolean
}

const YEAR_SECONDS = 365 * 24 * 3600

export function keptIn(host: Pick<Host, 'storage' | 'readCookie' | 'writeCookie'>): Kept {
  const { storage } = host
  const memory = new Map<string, string>()
  const get = (key: string) => memory.get(key) ?? storage?.getItem(key) ?? undefined
  const set = (key: string, value: string) => {
    memory.delete(key)
    try {
      // Throws where it is full, and where there is none.
      ;(storage as StorageLike).setItem(key, value)
    } catch {
      // The value that it had must not come back on the next page.
      storage?.removeItem(key)
      memory.set(key, value)
    }
  }
  return {
    shared: !!storage,
    get,
    set,
    getForGood: (key) => get(key) ?? (storage && host.readCookie(key)),
    setForGood: (key, value) => {
      set(key, value)
      if (storage) host.writeCookie(key, value, memory.has(key) ? YEAR_SECONDS : 0)
    },
    remove: (key) => {
      memory.delete(key)
      storage?.removeItem(key)
    },
    keys: (prefix) => {
      const stored = Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index) ?? '')
      return [...stored, ...memory.keys()].filter((key) => key.startsWith(prefix))
    },
    outlivesPage: (key) => !memory.has(key),
  }
}
