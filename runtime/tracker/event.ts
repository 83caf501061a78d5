import type { EventOptions, Properties } from './types.ts'

/** An event that has its id, but no session before one may be kept. */
export interface Registered {
  readonly id: string
  /** The event as the call carries it. */
  readonly json: string
  /** Whether it waits for no others. */
  readonly now: boolean
}

/**
 * The event as it is stored. What its options say about the sending is not.
 *
 * @param context where it happened.
 * @throws TypeError when something of it is not JSON.
 */
export function registered(
  id: string,
  nowMs: number,
  type: string,
  properties: Properties | null,
  options: EventOptions | null,
  context: Properties,
): Registered {
  const { fire, asBeacon, context: more, ...kept } = options ?? {}
  const event = {
    id,
    type,
    time: { create: new Date(nowMs).toISOString() },
    properties: properties ?? {},
    options: kept,
    context: { ...context, ...more },
  }
  return { id, json: JSON.stringify(event), now: fire === true || asBeacon === true }
}
