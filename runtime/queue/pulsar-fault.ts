import type { ErrorCode } from '../errors.ts'

/**
 * What a fault of Pulsar means, by what either client says of it: names of `pulsar::Result` from the native client, texts of
 * `PulsarClientException` from the WebSocket API. `queue_refused` is permanent; all others may pass.
 */
const BY_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  [/BacklogQuotaExceeded|BlockedQuota|backlog quota/i, 'queue_quota'],
  [/ConsumerBusy|ProducerBusy|ProducerFenced/i, 'queue_exclusive'],
  [/TopicNotFound|SubscriptionNotFound/i, 'set_up_missing'],
  [
    /Authorization|Authentication|NotAllowed|MessageTooBig|too large|exceeds|InvalidMessage|deserialize/i,
    'queue_refused',
  ],
]

/** The same by the status with which a broker answers a handshake (`AbstractWebSocketHandler.getErrorCode` of Pulsar 4.0.6). */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'queue_refused',
  403: 'queue_refused',
  404: 'set_up_missing',
  409: 'queue_exclusive',
}

/**
 * Judges a fault of Pulsar.
 *
 * @param text what the client or the broker says.
 * @param status of the HTTP answer, where there is one.
 */
export function pulsarFault(text: string, status?: number): ErrorCode {
  return BY_STATUS[status ?? 0] ?? BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? 'queue_unavailable'
}
