import type { SharedConfig } from '../config.ts'
import { AppError, messageOf } from '../errors.ts'
import { arrival } from './arrival.ts'
import {
  COMPRESSION,
  type Consumer,
  type Delivery,
  type MessageId,
  type Producer,
  REDELIVERY_DELAY_MS,
  type Reader,
  type Transport,
} from './port.ts'
import { decodePosition, encodePosition } from './position.ts'
import { pulsarFault } from './pulsar-fault.ts'

/** The part of `pulsar-client` that is used. Its own types are missing when this optional package is not installed. */
export interface PulsarModule {
  readonly Client: {
    new (options: Record<string, unknown>): PulsarClient
    setLogHandler(handler: (level: number, file: string, line: number, message: string) => void): void
  }
  readonly MessageId: { deserialize(bytes: Buffer): SerializableId }
  readonly AuthenticationToken: new (options: { token: string }) => unknown
}

interface PulsarClient {
  createProducer(options: Record<string, unknown>): Promise<PulsarProducer>
  subscribe(options: Record<string, unknown>): Promise<PulsarConsumer>
  createReader(options: Record<string, unknown>): Promise<PulsarReader>
  close(): Promise<unknown>
}

interface PulsarProducer {
  send(message: { data: Buffer; properties: Record<string, string> }): Promise<unknown>
  isConnected(): boolean
  close(): Promise<unknown>
}

interface PulsarConsumer {
  receive(): Promise<PulsarMessage>
  acknowledgeId(id: MessageId): Promise<unknown>
  negativeAcknowledgeId(id: MessageId): void
  isConnected(): boolean
  close(): Promise<unknown>
}

interface PulsarReader {
  readNext(): Promise<PulsarMessage>
  isConnected(): boolean
  close(): Promise<unknown>
}

interface SerializableId extends MessageId {
  serialize(): Buffer
}

interface PulsarMessage {
  getMessageId(): SerializableId
  getData(): Buffer
  getProperties(): Record<string, string>
  getPublishTimestamp(): number
}

const OPERATION_TIMEOUT_SECONDS = 5
/** Beyond this the client refuses a send immediately. It never blocks, because blocking stops the whole process. */
const MAX_PENDING_MESSAGES = 1000
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

export type NativeLog = (level: (typeof LOG_LEVELS)[number], message: string) => void

/**
 * Loads `pulsar-client`, an optional dependency: its install script downloads a binary, which not every network allows.
 *
 * @throws AppError `native_transport_missing` with the reason.
 */
export async function loadPulsarModule(): Promise<PulsarModule> {
  const name = 'pulsar-client'
  try {
    const loaded = (await import(name)) as PulsarModule & { default?: PulsarModule }
    return loaded.default ?? loaded
  } catch (cause) {
    throw new AppError('native_transport_missing', 'the native Pulsar client is not installed or does not load', {
      cause,
    })
  }
}

/** Pulsar through the official client: the fastest way, where its binary can be installed. */
export function nativeTransport(pulsar: PulsarModule, config: SharedConfig, log: NativeLog): Transport {
  // The handler is one for the process: the client keeps it statically.
  pulsar.Client.setLogHandler((level, _file, _line, message) => log(LOG_LEVELS[level] ?? 'info', message))
  const client = new pulsar.Client({
    serviceUrl: config.pulsarHost,
    operationTimeoutSeconds: OPERATION_TIMEOUT_SECONDS,
    connectionTimeoutMs: OPERATION_TIMEOUT_SECONDS * 1000,
    ...(config.pulsarAuthToken === ''
      ? {}
      : { authentication: new pulsar.AuthenticationToken({ token: config.pulsarAuthToken }) }),
    ...(config.pulsarCaFile === '' ? {} : { tlsTrustCertsFilePath: config.pulsarCaFile }),
    tlsAllowInsecureConnection: !config.pulsarVerifyCerts,
    tlsValidateHostname: config.pulsarVerifyCerts,
  })
  return {
    name: 'native',
    openProducer: async ({ topic, sendTimeoutMs }) => {
      const options = {
        topic,
        sendTimeoutMs,
        // One message is one entry of the ledger, so that the backlog counts what was published.
        batchingEnabled: false,
        compressionType: COMPRESSION,
        blockIfQueueFull: false,
        maxPendingMessages: MAX_PENDING_MESSAGES,
        maxPendingMessagesAcrossPartitions: MAX_PENDING_MESSAGES * 10,
        messageRoutingMode: 'RoundRobinDistribution',
      }
      return producerOf(await opened(client.createProducer(options), topic))
    },
    openConsumer: async ({ topic, subscription, prefetchMessages }) => {
      const options = {
        topic,
        subscription,
        subscriptionType: 'Shared',
        subscriptionInitialPosition: 'Earliest',
        receiverQueueSize: prefetchMessages,
        receiverQueueSizeAcrossPartitions: prefetchMessages * 1000,
        nAckRedeliverTimeoutMs: REDELIVERY_DELAY_MS,
      }
      return consumerOf(await opened(client.subscribe(options), topic))
    },
    openReader: async ({ partition, after, prefetchMessages }) => {
      const options = {
        topic: partition,
        startMessageId: pulsar.MessageId.deserialize(encodePosition(after)),
        receiverQueueSize: prefetchMessages,
      }
      return readerOf(await opened(client.createReader(options), partition))
    },
    close: async () => {
      await client.close()
    },
  }
}

async function opened<T>(opening: Promise<T>, topic: string): Promise<T> {
  try {
    return await opening
  } catch (cause) {
    throw new AppError(pulsarFault(messageOf(cause)), `Pulsar did not open ${topic}`, { cause })
  }
}

function producerOf(producer: PulsarProducer): Producer {
  return {
    send: async ({ payload, properties }) => {
      try {
        await producer.send({ data: payload, properties })
      } catch (cause) {
        throw new AppError(pulsarFault(messageOf(cause)), 'no receipt from Pulsar', { cause })
      }
    },
    isConnected: () => producer.isConnected(),
    close: async () => {
      await producer.close()
    },
  }
}

type Received = { readonly message: PulsarMessage } | { readonly fault: unknown }

interface Pending {
  /** Whether the client still waits for a message. */
  isUnderWay(): boolean
  /** The next message; `undefined` if none arrived in time. */
  next(): Promise<PulsarMessage | undefined>
}

function pending(receive: () => Promise<PulsarMessage>): Pending {
  // A receive cannot be called off, so one that was not answered in time is waited for again; its answer is kept here.
  let underWay = false
  let received: Received | undefined
  const answered = arrival()
  const settle = (answer: Received) => {
    underWay = false
    received = answer
    answered.happened()
  }
  const begin = () => {
    underWay = true
    receive().then(
      (message) => settle({ message }),
      (fault: unknown) => settle({ fault }),
    )
  }
  return {
    isUnderWay: () => underWay,
    next: async () => {
      if (!underWay && received === undefined) begin()
      if (received === undefined) await answered.wait()
      const answer = received
      received = undefined
      if (answer === undefined) return undefined
      if ('fault' in answer)
        throw new AppError('queue_unavailable', 'receiving from Pulsar failed', { cause: answer.fault })
      return answer.message
    },
  }
}

function consumerOf(consumer: PulsarConsumer): Consumer {
  const messages = pending(() => consumer.receive())
  return {
    receive: async () => {
      const message = await messages.next()
      return message === undefined ? [] : [deliveryOf(message)]
    },
    acknowledge: async (id) => {
      await consumer.acknowledgeId(id)
    },
    negativeAcknowledge: (id) => consumer.negativeAcknowledgeId(id),
    isConnected: () => consumer.isConnected(),
    close: async () => {
      await consumer.close()
    },
  }
}

function readerOf(reader: PulsarReader): Reader {
  const messages = pending(() => reader.readNext())
  return {
    receive: async () => {
      const message = await messages.next()
      if (message === undefined) return []
      return [{ position: decodePosition(message.getMessageId().serialize()), ...contentOf(message) }]
    },
    isConnected: () => reader.isConnected(),
    // A read that ends without a message, by a time limit or a close, frees memory that the client does not own.
    close: async () => {
      if (!messages.isUnderWay()) await reader.close()
    },
  }
}

/** Nothing holds the message itself any longer, whose bytes the client keeps a second time. */
function deliveryOf(message: PulsarMessage): Delivery {
  return { id: message.getMessageId(), ...contentOf(message) }
}

function contentOf(message: PulsarMessage): Omit<Delivery, 'id'> {
  return {
    payload: message.getData(),
    properties: message.getProperties(),
    publishedAtMs: message.getPublishTimestamp(),
  }
}
