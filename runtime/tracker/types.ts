/** The options of a page. */
export interface TrackerOptions {
  /** Where the API is, without `/track`: `https://events.example.com`. */
  readonly api: string
  /** Id of the event source. */
  readonly source: string
  /** Id of the profile, where the page knows it. @default that of this browser, or a new one */
  readonly profile?: string | undefined
  /** Maximum events of one call; this many waiting events are sent immediately. Unit: events. @default 100 */
  readonly bulkEvents?: number
  /** Maximum bytes of the events of one call; this many waiting bytes are sent immediately. Unit: bytes. @default 49152 */
  readonly bulkBytes?: number
  /** How long the first event of a bulk waits for others, once the page is loaded. Unit: ms. @default 5000 */
  readonly bulkMs?: number
  /** A page that is still loading after so long sends what it has. Unit: ms. @default 10000 */
  readonly loadMs?: number
  /** Maximum events that wait in this browser; further ones are dropped and reported. Unit: events. @default 1000 */
  readonly queueEvents?: number
  /**
   * Events that could not be sent for this long are dropped and reported. It must stay below `EVENT_ID_WINDOW_HOURS` of the
   * API (168): a repetition after that might be stored twice. Unit: hours. @default 144
   */
  readonly queueHours?: number
  /** Whether nothing is tracked where the browser says Do Not Track. @default false */
  readonly respectDoNotTrack?: boolean
  /** Whether nothing is tracked where the browser says Global Privacy Control. @default false */
  readonly respectGlobalPrivacyControl?: boolean
  /** Whether nothing is stored or sent before `consent(true)`. @default false */
  readonly requireConsent?: boolean
  /** The data about page and browser that calls contain besides the events. */
  readonly context?: ContextOptions | undefined
  /** Events to register at the end of loading, each as type and properties. @default none */
  readonly autoEvents?: readonly (readonly [type: string, properties?: Properties])[] | undefined
  readonly listeners?: Listeners | undefined
}

/** Each is on unless it is false. */
export interface ContextOptions {
  readonly page?: boolean
  readonly browser?: boolean
  readonly screen?: boolean
  readonly utm?: boolean
  /** The profile that another site has put into a link to this page, as `__tr_pid`, with its source, `__tr_src`. */
  readonly tracardiPass?: boolean
}

export interface Listeners {
  /** Called once, when the library is ready. */
  readonly onInit?: (ready: { readonly tracker: Tracker; readonly helpers: Helpers; readonly session: Id }) => void
  /**
   * Called once in each page: after the first answer of the API, or a second after the end of loading, when none has come or
   * another tab has sent the events of this one. Then the answer has the ids of profile and session.
   */
  readonly onContextReady?: (ready: {
    readonly tracker: Tracker
    readonly helpers: Helpers
    readonly context: Answer
  }) => void
}

/** Any JSON. */
export type Properties = Readonly<Record<string, unknown>>

export interface Id {
  readonly id: string
}

/** The options of an event. Whatever else is in them is stored with the event. */
export interface EventOptions {
  /** Send it now, with whatever waits. @default false */
  readonly fire?: boolean
  /** The same as `fire`: every call outlives the page where its size allows that. @default false */
  readonly asBeacon?: boolean
  /** Added to the context of the event. @default nothing */
  readonly context?: Properties
  readonly [key: string]: unknown
}

/** What the API answers. */
export interface Answer {
  readonly profile?: Id | null
  readonly session?: Id | null
  readonly [key: string]: unknown
}

export interface Result {
  /** The HTTP status of the call that carried the event: 200 when it is durable. */
  readonly status: number
  readonly data?: Answer | undefined
}

export interface Tracker {
  /**
   * Registers an event. Its id is made now, so however often it is sent, it is stored once.
   *
   * @param type what happened: `page-view`.
   * @returns what the API answered to the call that carried it. `undefined` where nothing is tracked, where another tab
   *   has sent it, or where it was dropped. It stays open for as long as the event waits,
   *   except after 401 or 403: then the event waits until the source is fixed, and the result has that status.
   */
  track(type: string, properties?: Properties | null, options?: EventOptions | null): Promise<Result | undefined>
  /** Registers a `page-view`. */
  page(properties?: Properties | null): Promise<Result | undefined>
  /**
   * Says who the visitor is, and registers an event `identify`. All events that are sent from now on, here and on later pages, belong
   * to this profile.
   *
   * @param traits what is known of the visitor, the properties of the event.
   */
  identify(profileId: string, traits?: Properties | null): Promise<Result | undefined>
  /** Sends waiting events now. */
  flush(): Promise<void>
  /**
   * Says whether the visitor agrees, and remembers it. With false, everything that this library keeps in the browser is
   * deleted, events that wait among it.
   */
  consent(given: boolean): void
  /**
   * Deletes what this library keeps in the browser about the visitor: profile, session, campaign, events that wait. What the
   * visitor has said about consent stays. The next event is that of a new visitor.
   */
  forget(): void
}

/** What Tracardi's own library gives to its listeners. */
export interface Helpers {
  /** `track` with `fire`. */
  readonly track: Tracker['track']
  readonly onClick: (target: Target, listener: (event: unknown) => void) => void
  readonly addListener: (target: Target, type: string, listener: (event: unknown) => void) => void
}

/** One element, several, or the selector of some that exist. */
export type Target = EventTarget | Iterable<EventTarget> | string

/** Of the second file, `pages.mjs`. */
export interface PagesOptions {
  /** Whether another hash in the address is another page, for applications whose addresses are `#/cart`. @default false */
  readonly hash?: boolean
}
