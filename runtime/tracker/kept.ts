/** `localStorage`, or something like it, which works; writing may still fail when it is full. */
export interface StorageLike {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** What is kept in the browser; in memory, for as long as the page lives, where the browser keeps nothing (more). */
export interface Kept {
  /** Whether other tabs see what this one keeps. */
  readonly shared: boolean
  get(key: string): string | undefined
  set(key: string, value: string): void
  remove(key: string): void
  keys(prefix: string): string[]
  /** Whether it is still there when the page is not. */
  outlivesPage(key: string): boolean
}

/** @param storage `undefined` where it is blocked. */
export function keptIn(storage: StorageLike | undefined): Kept {
  const memory = new Map<string, string>()
  return {
    shared: storage !== undefined,
    get: (key) => memory.get(key) ?? storage?.getItem(key) ?? undefined,
    set: (key, value) => {
      try {
        if (!storage) throw new Error()
        storage.setItem(key, value)
      } catch {
        memory.set(key, value)
      }
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
