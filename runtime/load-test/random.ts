/** A number from 0 up to but not including 1; the same ones in the same order for the same seed. */
export type Random = () => number

/**
 * Mulberry32 of Tommy Ettinger: enough for a load, which asks for a shape and not for secrecy.
 *
 * @param seed any whole number; its lower 32 bits count.
 */
export function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
