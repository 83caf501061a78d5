/**
 * Milliseconds for BULK_SIZE events, of bulks that took `bulkMs` for `bulkEvents` on average. Those that grew while they waited, up to
 * BULK_MAX_EVENTS, take longer for their size alone.
 */
export function fullBulkMs(bulkMs: number, bulkEvents: number, bulkSize: number): number {
  return bulkEvents > bulkSize ? (bulkMs * bulkSize) / bulkEvents : bulkMs
}
