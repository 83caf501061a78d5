import { trackerOn } from '../tracker.ts'
import type { Tracker, TrackerOptions } from '../types.ts'
import { browserHost } from './host.ts'

const trackers = new Map<string, Tracker>()

/** The library for this page, made once for each API and source: a second call answers the same one, with the options of the first. */
export function createTracker(options: TrackerOptions): Tracker {
  const key = `${options.api} ${options.source}`
  const tracker = trackers.get(key) ?? trackerOn(browserHost(), options)
  trackers.set(key, tracker)
  return tracker
}
