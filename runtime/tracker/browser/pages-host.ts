import type { PagesHost } from '../pages.ts'

/** The window that the page is open in. */
export function pagesHost(): PagesHost {
  return {
    address: () => location.href.split('#')[0] ?? '',
    hash: () => location.hash,
    isLoaded: () => document.readyState === 'complete',
    soon: (callback) => setTimeout(callback),
    on: (moment, listener) => addEventListener(moment, listener, true),
    onHistory: (listener) => {
      for (const name of ['pushState', 'replaceState'] as const) {
        const change = history[name]
        history[name] = (...args) => {
          change.apply(history, args)
          listener()
        }
      }
    },
  }
}
