import { AppError } from '../errors.ts'
import type { Fault } from './schema.ts'

/** How long a client should wait after a limit or the broker refused its call. */
const RETRY_AFTER_SECONDS = 2
/** The same while Pulsar refuses permanently: an operator has to act first. */
const RETRY_AFTER_REPAIR_SECONDS = 30

/** A call that is answered with a status and a reason. */
export class Refused extends AppError {
  readonly statusCode: number
  readonly retryAfterSeconds: number | undefined

  constructor(statusCode: number, detail: string, retryAfterSeconds?: number) {
    super('call_refused', detail)
    this.name = 'Refused'
    this.statusCode = statusCode
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function tooLarge(maxBytes: number): Refused {
  return new Refused(413, `The body is larger than ${maxBytes} bytes; send fewer events in one call`)
}

export function tooManyValues(maxValues: number): Refused {
  return new Refused(413, `The body has more than ${maxValues} JSON values; send fewer events in one call`)
}

export function tooManyWaiting(): Refused {
  return new Refused(429, 'Too many events are waiting; send them again', RETRY_AFTER_SECONDS)
}

export function tooFast(sourceId: string, waitSeconds: number): Refused {
  const seconds = Math.max(1, Math.ceil(waitSeconds))
  return new Refused(429, `Event source "${sourceId}" sends more than its limit; send again in ${seconds} s`, seconds)
}

export function notDurable(): Refused {
  return new Refused(503, 'The events could not be made durable; send them again', RETRY_AFTER_SECONDS)
}

/** Not the fault of the caller, whose events remain valid; the reason concerns only operators, who find it in the log. */
export function refusedByQueue(): Refused {
  return new Refused(
    503,
    'Pulsar refused the events, and an operator has to act; send them again later with the same ids',
    RETRY_AFTER_REPAIR_SECONDS,
  )
}

/** @param reason what is missing at the servers and what the operator is to do. */
export function notRead(reason: string): Refused {
  return new Refused(503, `The events would not be stored now; send them again: ${reason}`, RETRY_AFTER_SECONDS)
}

/** A call with faults, each of which is listed in the answer. */
export class FaultyCall extends AppError {
  readonly statusCode = 422
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super('call_faulty', 'the call has faults')
    this.name = 'FaultyCall'
    this.faults = faults
  }
}
