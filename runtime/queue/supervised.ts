import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../backoff.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Topics } from '../names.ts'
import {
  type Consumer,
  type ConsumerOptions,
  type Producer,
  type ProducerOptions,
  RECEIVE_WAIT_MS,
  type Reader,
  type ReaderOptions,
  type Transport,
} from './port.ts'
import { comparePositions } from './position.ts'

const REOPEN = { baseMs: 200, maxMs: 5000 }

/** What a health check asks of a connection. */
interface Probed {
  /** Why it does not work at this moment; nothing when it does. */
  unavailableReason(): string | undefined
}

export interface SupervisedProducer extends Producer, Probed {
  /** Whether a send would reach Pulsar: it is connected, and no other send is trying whether it answers. */
  canTry(): boolean
}

/**
 * A producer that outlives its connection: it opens and reopens on its own. While Pulsar is down, a send fails immediately
 * instead of waiting in memory. After a missing receipt, one message at a time probes whether Pulsar is back.
 */
export function superviseProducer(
  transport: Pick<Transport, 'openProducer'>,
  options: ProducerOptions,
  log: Logger,
): SupervisedProducer {
  const connection = superviseConnection('producer', options.topic, log, (onClosed) =>
    transport.openProducer(options, onClosed),
  )
  const breaker = new CircuitBreaker()
  const unavailableReason = () =>
    connection.unavailableReason() ??
    (breaker.openReason === undefined ? undefined : `the last message had no receipt: ${breaker.openReason}`)

  return {
    isConnected: () => unavailableReason() === undefined,
    canTry: () => connection.unavailableReason() === undefined && breaker.admits,
    unavailableReason,
    send: async (message) => {
      const producer = connection.current()
      if (!producer?.isConnected())
        throw new AppError('queue_unavailable', `Pulsar is not connected: ${connection.unavailableReason()}`)
      if (!breaker.admits) throw new AppError('queue_unavailable', 'Pulsar does not answer')
      await breaker.run(() => producer.send(message))
    },
    close: () => connection.close(),
  }
}

/** Opens with a failure that may pass. While it is open, one call at a time probes whether calls succeed again. */
class CircuitBreaker {
  #openReason: string | undefined
  #isProbing = false

  /** Why the last call failed; `undefined` while it is closed. */
  get openReason(): string | undefined {
    return this.#openReason
  }

  /** Whether a call may run: it is closed, or nothing probes. */
  get admits(): boolean {
    return this.#openReason === undefined || !this.#isProbing
  }

  async run(call: () => Promise<void>): Promise<void> {
    const isProbe = this.#openReason !== undefined
    this.#isProbing ||= isProbe
    try {
      await call()
      this.#openReason = undefined
    } catch (error) {
      if (error instanceof AppError && error.retryable) this.#openReason = messageOf(error)
      throw error
    } finally {
      if (isProbe) this.#isProbing = false
    }
  }
}

/** Dead letters are few and may wait; a minute rides out a restart of a broker. */
const DEAD_LETTER_TIMEOUT_MS = 60_000

/** The producer of the dead-letter topic. */
export function superviseDeadLetters(transport: Transport, { deadLetters }: Topics, log: Logger): SupervisedProducer {
  return superviseProducer(transport, { topic: deadLetters, sendTimeoutMs: DEAD_LETTER_TIMEOUT_MS }, log)
}

/** A consumer that outlives its connection. While there is none, `receive` answers nothing. */
export function superviseConsumer(transport: Transport, options: ConsumerOptions, log: Logger): Consumer & Probed {
  const connection = superviseConnection('consumer', options.topic, log, (onClosed) =>
    transport.openConsumer(options, onClosed),
  )
  return {
    isConnected: () => connection.unavailableReason() === undefined,
    unavailableReason: () => connection.unavailableReason(),
    receive: async () => {
      const consumer = connection.current()
      if (consumer) return consumer.receive()
      await sleep(RECEIVE_WAIT_MS)
      return []
    },
    acknowledge: async (id) => connection.current()?.acknowledge(id),
    negativeAcknowledge: (id) => connection.current()?.negativeAcknowledge(id),
    close: () => connection.close(),
  }
}

/** A reader that outlives its connection: it continues after the last message that it returned. Without a connection, `receive` returns nothing. */
export function superviseReader(transport: Transport, options: ReaderOptions, log: Logger): Reader & Probed {
  let { after } = options
  const connection = superviseConnection('reader', options.partition, log, (onClosed) =>
    transport.openReader({ ...options, after }, onClosed),
  )
  return {
    isConnected: () => connection.unavailableReason() === undefined,
    unavailableReason: () => connection.unavailableReason(),
    receive: async () => {
      const reader = connection.current()
      if (reader === undefined) {
        await sleep(RECEIVE_WAIT_MS)
        return []
      }
      // The next connection redelivers what a lost one still holds.
      const readings = (await reader.receive()).filter(({ position }) => comparePositions(position, after) > 0)
      after = readings.findLast(({ position }) => !position.isInsideEntry)?.position ?? after
      return readings
    },
    close: () => connection.close(),
  }
}

interface Connection<T> extends Probed {
  current(): T | undefined
  close(): Promise<void>
}

function superviseConnection<T extends { isConnected(): boolean; close(): Promise<void> }>(
  kind: string,
  topic: string,
  log: Logger,
  open: (onClosed: (reason: string) => void) => Promise<T>,
): Connection<T> {
  const stop = new AbortController()
  const stopped = new Promise<string>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve('stopped'))
  })
  let current: T | undefined
  let reason = 'not connected yet'

  const run = async () => {
    // Failures in a row to open it.
    let failures = 0
    while (!stop.signal.aborted) {
      try {
        const lost = Promise.withResolvers<string>()
        const opened = await open(lost.resolve)
        current = opened
        failures = 0
        log.info({ kind, topic }, 'connected to Pulsar')
        reason = await Promise.race([lost.promise, stopped])
        current = undefined
        if (stop.signal.aborted) return await opened.close()
        log.warn({ kind, topic, reason }, 'connection to Pulsar lost')
      } catch (error) {
        if (reason !== messageOf(error)) log.warn({ kind, topic, err: error }, 'Pulsar cannot be reached')
        reason = messageOf(error)
        failures += 1
      }
      const waitMs = backoffMs(Math.max(failures - 1, 0), REOPEN, Math.random())
      await sleep(waitMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const ended = run()
  return {
    current: () => current,
    unavailableReason: () => {
      if (!current) return reason
      return current.isConnected() ? undefined : 'the connection is lost and is being opened again'
    },
    close: async () => {
      stop.abort()
      await ended
    },
  }
}
