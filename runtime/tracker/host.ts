import type { Response } from '../outcome.ts'
import type { PrivacySignals } from './permission.ts'
import type { Answer, ContextOptions, Properties, Target } from './types.ts'

/** `localStorage`. Writing fails when it is full; what is in it can still be read and removed. */
export interface StorageLike {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** What the API answers to a call. */
export type ApiResponse = Response<Answer | null>

/** The browser, as far as the library needs it: everything that is no decision. */
export interface Host {
  readonly signals: PrivacySignals
  /** `undefined` where the browser blocks it. */
  readonly storage: StorageLike | undefined
  /** `undefined` where the browser has none: on pages without TLS, and in old browsers. */
  readonly locks: Locks | undefined
  nowMs(): number
  /** From 0 (included) to 1 (excluded). */
  random(): number
  randomBytes(bytes: Uint8Array<ArrayBuffer>): void
  /** Cookies may be read and written where there is storage. */
  readCookie(name: string): string | undefined
  writeCookie(name: string, value: string, maxAgeSeconds: number): void
  /** @returns what ends the wait. */
  startTimer(ms: number, fire: () => void): () => void
  /**
   * Posts without a preflight.
   *
   * @param keepalive whether the call outlives the page.
   * @returns `undefined` when no answer came.
   */
  post(url: string, body: string, keepalive: boolean): Promise<ApiResponse | undefined>
  /** Whether the page has been loaded, with all that belongs to it. */
  isLoaded(): boolean
  isHidden(): boolean
  /** Whether the browser prepares the page before anyone has asked for it; most such pages are never shown. */
  isPrerendering(): boolean
  on(moment: Moment, listener: () => void): void
  /** Options that the page sets for every call. */
  callOptions(): Properties
  callContext(wanted: ContextOptions): Properties & { readonly utm?: Properties }
  eventContext(wanted: ContextOptions): Properties
  elements(target: Target): Iterable<EventTarget>
  /** Warns the developer of the page. */
  warn(text: string): void
}

/** Events of the browser's window and document, by their names. */
export type Moment = 'load' | 'online' | 'pagehide' | 'pageshow' | 'prerenderingchange' | 'visibilitychange'

/** The Web Locks of a browser. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, work: () => Promise<void>): Promise<unknown>
}
