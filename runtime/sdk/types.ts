/** How a program sends. */
export interface SenderOptions {
  /** Where the API is, without `/track`: `https://events.example.com`. */
  readonly url: string
  /** Id of the event source. */
  readonly source: string
  /** Of the source, where it has one. @default none */
  readonly secret?: string
  /** Maximum events of one call; this many waiting events of a visitor are sent immediately. Unit: events, from 1. @default 100 */
  readonly bulkEvents?: number
  /** Maximum bytes of the events of one call; a larger event goes alone. Unit: bytes, from 1. @default 524288 */
  readonly bulkBytes?: number
  /** How long the first event of a visitor waits for others. Unit: ms, from 0. @default 50 */
  readonly bulkMs?: number
  /** Maximum calls at a time. Unit: calls, from 1. @default 4 */
  readonly concurrency?: number
  /** Maximum events in memory. Unit: events, from 1. @default 10000 */
  readonly queueEvents?: number
  /** Maximum bytes of the events in memory. Unit: bytes, from 1. @default 16777216 */
  readonly queueBytes?: number
  /**
   * Events that could not be sent for this long are dropped and reported. It must stay below `EVENT_ID_WINDOW_HOURS` of the
   * API (168): a repetition after that might be stored twice. Unit: hours. @default 144
   */
  readonly queueHours?: number
  /** Keeps events on disk until they are stored. @default none: a process that is killed loses the events that wait */
  readonly spool?: SpoolOptions
  /** Signals on which the process drains before it ends: `['SIGTERM']`. @default none */
  readonly closeOn?: readonly ('SIGHUP' | 'SIGINT' | 'SIGTERM')[]
  /** What the operator of the program should know; the same at most once a minute. @default `process.emitWarning` */
  readonly onProblem?: (text: string) => void
}

export interface SpoolOptions {
  /** It is made where there is none. Each process needs its own. */
  readonly folder: string
  /** Maximum size of its files. Unit: bytes, from 1. @default 268435456 */
  readonly maxBytes?: number
}

/** Any JSON. */
export type Properties = Readonly<Record<string, unknown>>

export interface EventOptions {
  /** Id of the profile. @default that of the session; with neither, the event is of nobody */
  readonly profile?: string
  /** Id of the session, such as the value of the browser's cookie `tracardi-session-id`. @default `<profile>.server`, whose state is not stored */
  readonly session?: string
  /** Of the event, unique within its source. @default a new UUIDv7 */
  readonly id?: string
  /** When it happened. @default now */
  readonly time?: Date
  /** Where it happened. @default none */
  readonly context?: Properties
  readonly tags?: readonly string[]
}

/** What became of an event. */
export type Outcome =
  /** The API has answered 200: it is durable. */
  | { readonly kind: 'stored'; readonly id: string }
  /** It is on the disk of this machine, and is sent later, by this process or the next one. */
  | { readonly kind: 'spooled'; readonly id: string }
  /** The API will never take it. `status` is 400, 413, 415 or 422; 0 where it is not JSON. */
  | { readonly kind: 'refused'; readonly id: string; readonly status: number; readonly detail: string }
  /** `full`: memory and spool have no room. `expired`: it waited for `queueHours`. `closed`: the sender ended before it was sent. */
  | { readonly kind: 'dropped'; readonly id: string; readonly reason: 'full' | 'expired' | 'closed' }

export interface Sender {
  /**
   * Registers an event. Its id is made now, so however often it is sent, it is stored once.
   *
   * @param type what happened: `order-shipped`.
   * @returns what became of it. It stays open for as long as the event waits. It never throws and never rejects.
   */
  track(type: string, properties?: Properties, options?: EventOptions): Promise<Outcome>
  /** Resolves as soon as memory has room for more events. A job that awaits it before each event never fills memory. */
  ready(): Promise<void>
  /** Sends waiting events now. Resolves when none is left in memory. */
  flush(): Promise<void>
  /**
   * Takes no more events, sends all that wait, and ends.
   *
   * @param timeoutMs what is not sent then stays in the spool, or is dropped. @default 10000
   */
  close(timeoutMs?: number): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
