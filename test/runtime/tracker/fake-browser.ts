import type { ApiResponse, Host, Locks, Moment, StorageLike } from '../../../runtime/tracker/host.ts'
import type { Target } from '../../../runtime/tracker/types.ts'

export const START_MS = Date.parse('2026-11-23T12:00:00.000Z')

export interface Call {
  readonly url: string
  readonly keepalive: boolean
  readonly atMs: number
  readonly body: {
    readonly session: { readonly id: string }
    readonly profile: { readonly id: string }
    readonly events: readonly { readonly id: string; readonly type: string }[]
    readonly [key: string]: unknown
  }
}

export const STORED: ApiResponse = { status: 200, retryAfter: null, data: {} }

/** `localStorage` in memory; `quota` is the number of its entries. */
export class FakeStorage implements StorageLike {
  readonly entries = new Map<string, string>()
  quota = Number.POSITIVE_INFINITY

  get length(): number {
    return this.entries.size
  }
  key(index: number): string | null {
    return [...this.entries.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.entries.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    if (this.entries.size >= this.quota && !this.entries.has(key)) throw new Error('QuotaExceededError')
    this.entries.set(key, value)
  }
  removeItem(key: string): void {
    this.entries.delete(key)
  }
}

interface Timer {
  readonly atMs: number
  readonly fire: () => void
}

/** A browser whose clock stops until a test advances it; its tabs share storage, cookies and locks. */
export class FakeBrowser {
  nowMs = START_MS
  storage: FakeStorage | undefined = new FakeStorage()
  /** Whether it has the Web Locks. */
  hasLocks = true
  randomsMade = 0
  signals = { doNotTrack: false, globalPrivacyControl: false }
  readonly cookies = new Map<string, { readonly value: string; readonly endsMs: number }>()
  readonly calls: Call[] = []
  readonly warnings: string[] = []
  /** What the API answers; the default stores everything. */
  answer: (call: Call) => ApiResponse | undefined | Promise<ApiResponse | undefined> = () => STORED
  readonly #timers = new Set<Timer>()
  #lockQueue: Promise<unknown> = Promise.resolve()

  /** Lets what is due by then happen, in its order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await settle()
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.fire()
      await settle()
    }
    this.nowMs = untilMs
  }

  addTimer(ms: number, fire: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, fire }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  readonly locks: Locks = {
    request: async (_name, { signal }, work) => {
      const before = this.#lockQueue
      let release = () => {}
      this.#lockQueue = new Promise<void>((resolve) => {
        release = resolve
      })
      try {
        await Promise.race([
          before,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ])
        signal.throwIfAborted()
        await work()
      } finally {
        void before.then(release)
      }
    },
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
    return due.sort((a, b) => a.atMs - b.atMs)[0]
  }
}

/** Runs everything that waits only for promises. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A page in a browser whose storage is this one. */
export function tabWith(storage: FakeStorage | undefined): FakeTab {
  const browser = new FakeBrowser()
  browser.storage = storage
  return new FakeTab(browser)
}

/** A page in a tab. */
export class FakeTab implements Host {
  readonly #browser: FakeBrowser
  readonly #listeners: [Moment, () => void][] = []
  prerendering = false
  readonly storage: StorageLike | undefined
  readonly locks: Locks | undefined
  readonly signals: Host['signals']
  loaded: boolean
  hidden = false
  randomNumber = 0.5
  options: Readonly<Record<string, unknown>> = {}
  #closed = false

  constructor(browser: FakeBrowser, loaded = true) {
    this.#browser = browser
    this.loaded = loaded
    this.storage = browser.storage
    this.locks = browser.hasLocks ? browser.locks : undefined
    this.signals = browser.signals
  }

  fire(moment: Moment): void {
    for (const [name, listener] of this.#listeners) if (name === moment) listener()
  }

  /** The visitor opens the page that was prerendered. */
  activate(): void {
    this.prerendering = false
    this.fire('prerenderingchange')
  }

  finishLoading(): void {
    this.loaded = true
    this.fire('load')
  }

  /** As a browser does: the page is hidden, then left, and none of its code runs after that. */
  close(): void {
    this.hidden = true
    this.fire('pagehide')
    this.fire('visibilitychange')
    this.#closed = true
  }

  nowMs = () => this.#browser.nowMs
  random = () => this.randomNumber
  randomBytes = (bytes: Uint8Array) => {
    this.#browser.randomsMade += 1
    bytes.fill(this.#browser.randomsMade % 256)
  }
  readCookie = (name: string) => {
    if (!this.storage) throw new Error('SecurityError')
    const cookie = this.#browser.cookies.get(name)
    return cookie && cookie.endsMs > this.#browser.nowMs ? cookie.value : undefined
  }
  writeCookie = (name: string, value: string, maxAgeSeconds: number) => {
    if (!this.storage) throw new Error('SecurityError')
    if (maxAgeSeconds <= 0) this.#browser.cookies.delete(name)
    else this.#browser.cookies.set(name, { value, endsMs: this.#browser.nowMs + maxAgeSeconds * 1000 })
  }
  startTimer = (ms: number, fire: () => void) => this.#browser.addTimer(ms, () => this.#closed || fire())
  post = async (url: string, body: string, keepalive: boolean) => {
    const call: Call = { url, keepalive, atMs: this.#browser.nowMs - START_MS, body: JSON.parse(body) }
    this.#browser.calls.push(call)
    const response = await this.#browser.answer(call)
    return this.#closed ? new Promise<never>(() => {}) : response
  }
  isLoaded = () => this.loaded
  isHidden = () => this.hidden
  isPrerendering = () => this.prerendering
  on = (moment: Moment, listener: () => void) => {
    this.#listeners.push([moment, listener])
  }
  callOptions = () => this.options
  /** Of the address of the page. */
  utm: Readonly<Record<string, unknown>> | undefined
  callContext = () => ({ time: { tz: 'Europe/Berlin' }, ...(this.utm && { utm: this.utm }) })
  eventContext = () => ({ page: { url: 'https://shop.example.com/' } })
  elements = (target: Target) => {
    if (typeof target === 'string') throw new Error('there is no document')
    return target instanceof EventTarget ? [target] : (target as Iterable<EventTarget>)
  }
  warn = (text: string) => {
    this.#browser.warnings.push(text)
  }
}
