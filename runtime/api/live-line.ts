import type { LiveEntry } from './live-watch.ts'

/** What the lines of an event say of it. */
export interface LineFacts {
  readonly id: string
  readonly type: string
  /** When it happened, ISO 8601 in UTC. */
  readonly time: string
}

const TEXT = '("(?:[^"\\\\]|\\\\.)*")'
const HEAD = new RegExp(`\\{"id":${TEXT},"type":${TEXT},"name":${TEXT},"metadata":\\{"time":\\{"insert":"([^"]*)"`, 'y')

/** Reads the beginning of the document, which is written by `eventLines`. Nothing else is parsed. */
export function lineFactsOf({ lines }: Pick<LiveEntry, 'lines'>): LineFacts {
  HEAD.lastIndex = lines.indexOf('\n') + 1
  const [, id = '""', type = '""', , time = ''] = HEAD.exec(lines) ?? []
  return { id: JSON.parse(id) as string, type: JSON.parse(type) as string, time }
}

/** The document, as it is stored. */
export function documentOf({ lines }: Pick<LiveEntry, 'lines'>): string {
  return lines.slice(lines.indexOf('\n') + 1).trimEnd()
}
