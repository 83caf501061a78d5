import type { PagesOptions } from './types.ts'

/** The browser, as far as the views of an application's pages need it. */
export interface PagesHost {
  /** The address of the page without its hash. */
  address(): string
  hash(): string
  isLoaded(): boolean
  /** Calls back after what runs now. */
  soon(callback: () => void): void
  on(moment: 'load' | 'pageshow' | 'popstate' | 'hashchange', listener: (event: object) => void): void
  /** Calls back after each change of the address by `history.pushState` and `history.replaceState`. */
  onHistory(listener: () => void): void
}

/**
 * Counts the pages of an application that replaces its content without loading: one view at the end of loading, another one
 * whenever the address is another one. Several changes in one go are one view, and a change to the same address is none.
 *
 * @param view registers it.
 */
export function viewsOf(host: PagesHost, { hash = false }: PagesOptions, view: () => void): void {
  let seen: string | undefined
  const addressNow = () => host.address() + (hash ? host.hash() : '')
  const see = () => {
    seen = addressNow()
    view()
  }
  // What an application does to its address before the page is loaded belongs to its first view.
  const changed = () => {
    host.soon(() => {
      if (seen !== undefined && seen !== addressNow()) see()
    })
  }
  if (host.isLoaded()) see()
  else host.on('load', see)
  host.on('popstate', changed)
  host.on('hashchange', changed)
  host.onHistory(changed)
  host.on('pageshow', (event) => {
    if ((event as { persisted?: boolean }).persisted) see()
  })
}
