/**
 * Browsers let a page have 64 KiB under way in calls that outlive it, whoever on the page makes them, and fail what goes
 * beyond: 4 KiB are left for others.
 *
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
const KEEPALIVE_BYTES = 60 * 1024

/** Counts the bytes that are under way in calls that outlive the page. */
export class KeepaliveBudget {
  /** What still fits, in bytes. */
  left = KEEPALIVE_BYTES

  /** @returns whether a body of so many bytes fits; then it counts until it is given back. */
  take(bytes: number): boolean {
    const fits = bytes <= this.left
    if (fits) this.left -= bytes
    return fits
  }

  giveBack(bytes: number): void {
    this.left += bytes
  }
}
