import { trackerOn } from '../tracker.ts'
import type { Tracker, TrackerOptions } from '../types.ts'
import { browserHost } from './host.ts'

/** Makes the library for this page. One is enough: two of the same source share a queue. */
export function createTracker(options: TrackerOptions): Tracker {
  return trackerOn(browserHost(), options)
}
