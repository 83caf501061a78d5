import { viewsOf } from '../pages.ts'
import type { PagesOptions, Tracker } from '../types.ts'
import { pagesHost } from './pages-host.ts'

/** Registers a `page-view` for each page of an application. Called once for a tracker. */
export function trackPages(tracker: Tracker, options: PagesOptions = {}): void {
  viewsOf(pagesHost(), options, () => void tracker.page())
}
