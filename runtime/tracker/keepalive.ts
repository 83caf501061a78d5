/**
 * Browsers allow a page 64 KiB in flight in calls that outlive it, all scripts together, and fail the rest:
 * 4 KiB are left for others.
 *
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
const KEEPALIVE_BYTES = 60 * 1024

/** Counts the bytes that are under way in calls that outlive the page. */
export class KeepaliveBudget {
  /** What still fits, in bytes. */
  left = KEEPALIVE_BYTES

  /** @returns whether a body of this many bytes fits; if so, it counts until it is released. */
  take(bytes: number): boolean {
    const fits = bytes <= this.left
    if (fits) this.left -= bytes
    return fits
  }

  giveBack(bytes: number): void {
    this.left += bytes
  }
}
