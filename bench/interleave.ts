/**
 * The order of all measurements: every line once a round, and each round begins one line further, so that neither what a
 * machine does meanwhile nor the line before falls always on the same one.
 */
export function interleave<T>(lines: readonly T[], rounds: number): T[] {
  return Array.from({ length: rounds }, (_, round) =>
    lines.map((_, index) => lines[(index + round) % lines.length] as T),
  ).flat()
}
