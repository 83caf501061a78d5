import { randomBytes } from 'node:crypto'

/** Names one load test: ten hexadecimal digits, that are in the id of each of its events. */
export type RunKey = string

const HEX_BYTES = 5
/** Events that one load test can number. */
export const MAX_EVENTS = 2 ** 32

export function newRunKey(): RunKey {
  return randomBytes(HEX_BYTES).toString('hex')
}

/**
 * A UUIDv7 whose random part holds the load test and the number of the event: what was accepted and what is stored can then
 * be compared by one bit for each event.
 *
 * @param number 0 up to but not including `MAX_EVENTS`.
 */
export function eventId(run: RunKey, number: number, timeMs: number): string {
  const time = timeMs.toString(16).padStart(12, '0')
  const count = number.toString(16).padStart(8, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${run.slice(0, 3)}-8${run.slice(3, 6)}-${run.slice(6)}${count}`
}

/** The number of an event; `undefined` for an id that is not of this load test. */
export function numberOf(run: RunKey, id: string): number | undefined {
  const ours = id.length === 36 && id.slice(15, 18) === run.slice(0, 3) && id.slice(20, 23) === run.slice(3, 6)
  if (!ours || id.slice(24, 28) !== run.slice(6)) return undefined
  const number = Number.parseInt(id.slice(28), 16)
  return Number.isNaN(number) ? undefined : number
}
