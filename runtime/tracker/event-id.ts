const RANDOM_BYTES = 8
const MAX_SEQUENCE = 0xfff

/**
 * Makes the ids of events: UUIDv7, whose time lets the API find the index of a repetition. The ones of one page sort in
 * the order in which they were made, also within a millisecond and when the clock goes back.
 *
 * @param randomBytes fills an array with random bytes.
 */
export function eventIds(randomBytes: (bytes: Uint8Array<ArrayBuffer>) => void): (nowMs: number) => string {
  let timeMs = 0
  let sequence = 0
  return (nowMs) => {
    sequence += 1
    if (nowMs > timeMs || sequence > MAX_SEQUENCE) {
      timeMs = Math.max(nowMs, timeMs + 1)
      sequence = 0
    }
    const bytes = new Uint8Array(RANDOM_BYTES)
    randomBytes(bytes)
    const random = Array.from(bytes, (byte) => hex(byte, 2)).join('')
    // Version 7, variant 8; the sequence takes the place of 12 random bits, 60 are left.
    const digits = `${hex(timeMs, 12)}7${hex(sequence, 3)}8${random.slice(1)}`
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** When an id was made, in ms since 1970. */
export function timeOfId(id: string): number {
  return Number(`0x${id.slice(0, 8)}${id.slice(9, 13)}`)
}
