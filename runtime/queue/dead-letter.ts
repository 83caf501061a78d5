import { type Envelope, encode } from './message.ts'
import type { Delivery, OutgoingMessage, Properties } from './port.ts'

/** Longer reasons are cut: Elasticsearch may quote the whole value in them. */
const MAX_REASON_CHARACTERS = 1000
const MAX_FAULT_CHARACTERS = 200
const STATUS = /^[1-5]\d\d$/
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

export interface DeadLetterMetadata {
  /** Type of the fault, as Elasticsearch names it, or `message_malformed`. */
  readonly fault: string
  readonly reason: string
  /** Status of Elasticsearch; 0 when the message itself could not be read. */
  readonly status: number
  /** The message it came with. */
  readonly messageId: string
  /** ISO 8601 in UTC; empty when the properties have no such time. */
  readonly failedAt: string
}

/**
 * An operation that Elasticsearch will not take, as a message: the original bytes, with all that a message of its own
 * needs to be published again, and the reason in further properties.
 */
export function encodeDeadOperation(envelope: Envelope, metadata: DeadLetterMetadata): OutgoingMessage {
  const { payload, properties } = encode(envelope)
  return { payload, properties: { ...properties, ...metadataProperties(metadata) } }
}

/** A whole message that cannot be read, with its own properties kept. */
export function encodeDeadMessage(delivery: Delivery, metadata: DeadLetterMetadata): OutgoingMessage {
  return {
    payload: delivery.payload,
    properties: { ...delivery.properties, ...metadataProperties(metadata) },
  }
}

function metadataProperties(metadata: DeadLetterMetadata): Properties {
  return {
    fault: metadata.fault,
    // Some clients of Pulsar end a property at U+0000, and a reason may quote a value with one.
    reason: metadata.reason.slice(0, MAX_REASON_CHARACTERS).replaceAll('\0', '\u{fffd}'),
    status: String(metadata.status),
    message_id: metadata.messageId,
    failed_at: metadata.failedAt,
  }
}

export interface DeadLetter {
  readonly metadata: DeadLetterMetadata
  /** The message to publish when the cause is fixed. */
  readonly message: OutgoingMessage
}

/** Anybody who may publish can write a dead letter, so a property that is not as this code writes it counts as missing. */
export function decodeDeadLetter(delivery: Delivery): DeadLetter {
  const { fault, reason, status, message_id: messageId, failed_at: failedAt, ...properties } = delivery.properties
  return {
    metadata: {
      fault: (fault ?? 'unknown').slice(0, MAX_FAULT_CHARACTERS),
      reason: (reason ?? '').slice(0, MAX_REASON_CHARACTERS),
      status: STATUS.test(status ?? '') ? Number(status) : 0,
      messageId: (messageId ?? '').slice(0, MAX_FAULT_CHARACTERS),
      failedAt: MOMENT.test(failedAt ?? '') ? (failedAt ?? '') : '',
    },
    message: { payload: delivery.payload, properties },
  }
}
