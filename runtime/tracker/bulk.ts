/** An event that waits. */
export interface Entry {
  readonly id: string
  readonly sessionId: string
  /** The event as the call carries it. */
  readonly json: string
}

export interface BulkLimits {
  readonly events: number
  readonly bytes: number
}

/**
 * The first events that go in one call: of one session, in their order, within the limits. An event that is larger than
 * the limit goes alone.
 *
 * @returns nothing when nothing waits.
 */
export function takeBulk(entries: Iterable<Entry>, limits: BulkLimits): readonly Entry[] {
  const bulk: Entry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (bulk[0] && bulk[0].sessionId !== entry.sessionId) continue
    // The comma between two events counts, too.
    bytes += bytesOf(entry.json) + 1
    if (bulk.length > 0 && bytes > limits.bytes) break
    bulk.push(entry)
    if (bulk.length >= limits.events) break
  }
  return bulk
}

const encoder = new TextEncoder()

/** The length of a text in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length
}
