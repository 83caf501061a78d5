import { fromDataset, fromTracardi, type TracardiOptions } from '../tracardi-options.ts'
import { type PageTracker, trackerOn } from '../tracker.ts'
import type { Answer, Helpers, Listeners, TrackerOptions } from '../types.ts'
import { browserHost } from './host.ts'

/** Whether the build is for pages with Tracardi's snippet: `liliput.min.js`. The others need not load what only these use. */
declare const FOR_TRACARDI: boolean

/** A page for Tracardi has it as a constant, which is no property of the window. */
declare const options: TracardiOptions | null | undefined

declare global {
  interface Window {
    tracker?:
      | (PageTracker & { readonly source?: string })
      | {
          readonly helpers?: never
          readonly queue: Parameters<PageTracker['track']>[]
          readonly track: (...call: Parameters<PageTracker['track']>) => unknown
        }
    /** Where Tracardi's snippet looks for the library that it has loaded. */
    tracardi?: { readonly default?: unknown }
    /** What Tracardi's snippet puts there, or a function of the page. */
    onTracardiReady?: ((ready: Ready) => void) | { readonly call?: (ready: Ready) => void }
  }
}

interface Ready {
  readonly tracker: unknown
  readonly helpers: Helpers
  readonly context: Answer
  readonly config: TracardiOptions | undefined
}

/**
 * `tracker.js` makes the library of a page from its script element, `liliput.min.js` also from the options of Tracardi's snippet.
 */
function start(script: HTMLScriptElement | null): void {
  const host = browserHost()
  const global = FOR_TRACARDI && typeof options === 'object' && options?.tracker ? options : undefined
  const found: Partial<TrackerOptions> = { ...(global && fromTracardi(global)), ...fromDataset({ ...script?.dataset }) }
  // An empty address is the host of the page, as it is for Tracardi's library.
  const { source, api = script?.src ? new URL(script.src).origin : '' } = found
  if (window.tracker?.helpers) {
    if (window.tracker.source !== source) host.warn(`ignored: a second script, for ${source}`)
    return
  }
  if (!source) {
    host.warn('nothing tracked: no data-source')
    return
  }
  const listeners = FOR_TRACARDI ? withReady(found.listeners, global) : found.listeners
  const tracker = Object.assign(trackerOn(host, { ...found, source, api, listeners }), { source })
  const { queue: early = [] } = window.tracker ?? {}
  window.tracker = tracker
  if (FOR_TRACARDI) {
    // Tracardi's snippet asks for this state, and then repeats the calls that came too early.
    const plugins = { tracardi: { initialized: true, ...tracker.helpers } }
    window.tracardi = { default: Object.assign(tracker, { plugins, getState: () => ({ plugins }) }) }
  }
  for (const call of early) void tracker.track(...call)
}

function withReady(listeners: Listeners | undefined, config: TracardiOptions | undefined): Listeners {
  return {
    ...listeners,
    onContextReady: (ready) => {
      listeners?.onContextReady?.(ready)
      const page = window.onTracardiReady
      const call = typeof page === 'function' ? page : page?.call
      call?.({ ...ready, config })
    },
  }
}

start(document.currentScript as HTMLScriptElement | null)
