/** Rounds up, but not for the last digits of a floating-point number: 3.0000000001 units are 3. */
export function roundUp(value: number): number {
  return Math.ceil(value * (1 - 1e-9))
}

/** Rounds a count up so that each zone holds as many as the others. At least one is in each zone. */
export function evenly(count: number, zones: number): number {
  return Math.ceil(count / zones) * zones
}
