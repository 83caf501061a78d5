import type { PagesOptions, Tracker } from './tracker.mjs'

/** Registers a `page-view` for each page of an application. Called once for a tracker. */
export declare function trackPages(tracker: Tracker, options?: PagesOptions): void
