import type { TrackerOptions } from './types.ts'

/** What holds where a page says nothing; units as in `TrackerOptions`. What is off has no line: pages load each of them. */
const defaults = {
  bulkEvents: 100,
  bulkBytes: 48 * 1024,
  bulkMs: 5000,
  loadMs: 10_000,
  queueEvents: 1000,
  queueHours: 144,
} as const

export type Settings = TrackerOptions & Required<Pick<TrackerOptions, keyof typeof defaults>>

export function withDefaults(options: TrackerOptions): Settings {
  return { ...defaults, ...options }
}
