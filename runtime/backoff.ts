/**
 * Full-jitter exponential backoff: a random wait between nothing and a ceiling that doubles with each attempt, so that
 * many clients which failed together do not come back together.
 *
 * @param attempt 0 for the first wait.
 * @param random a number from 0 (included) to 1 (excluded).
 */
export function backoffMs(
  attempt: number,
  limits: { readonly baseMs: number; readonly maxMs: number },
  random: number,
): number {
  return Math.floor(random * backoffCeilingMs(attempt, limits))
}

/** The upper bound of the wait before an attempt: it doubles with each, up to `maxMs`. */
export function backoffCeilingMs(
  attempt: number,
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30))
}
