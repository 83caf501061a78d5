import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Choices that are the same for the same seed. */
export interface Random {
  /** A whole number between two, both included. */
  between(least: number, most: number): number
  pick<T>(of: readonly T[]): T
}

/** @param seed any whole number of 32 bits. */
export function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed)
  const between = (least: number, most: number) => uniformInt(generator, least, most)
  return { between, pick: (of) => of[between(0, of.length - 1)] as (typeof of)[number] }
}
