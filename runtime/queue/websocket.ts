import { readFileSync } from 'node:fs'
import { type ClientOptions, type RawData, WebSocket } from 'ws'
import type { Config } from '../config.ts'
import { AppError, type ErrorCode, messageOf } from '../errors.ts'
import { topicPath } from '../names.ts'
import { arrival } from './arrival.ts'
import {
  COMPRESSION,
  type Consumer,
  type ConsumerOptions,
  type Delivery,
  type Producer,
  type ProducerOptions,
  REDELIVERY_DELAY_MS,
  type Reader,
  type ReadMessage,
  type Transport,
} from './port.ts'
import { decodePosition, encodePosition } from './position.ts'
import { pulsarFault } from './pulsar-fault.ts'

const HANDSHAKE_TIMEOUT_MS = 5000
/** A third of webSocketSessionIdleTimeoutMillis, as our brokers have it (30 s; 300 s by default); two unanswered pings mean a dead connection. */
const PING_INTERVAL_MS = 10_000
const CLOSE_WAIT_MS = 2000
const MAX_REFUSAL_CHARS = 16_384

type Access = Pick<Config, 'pulsarApi' | 'pulsarAuthToken' | 'pulsarCaFile' | 'pulsarVerifyCerts'>

/** Pulsar through the WebSocket API of its brokers: works where no native module can be installed. */
export function webSocketTransport(config: Access): Transport {
  const open = new Set<WebSocket>()
  const connect = <T>(
    path: string,
    query: Record<string, string>,
    onClosed: (reason: string) => void,
    use: (socket: WebSocket) => T,
  ): Promise<T> => {
    const url = `${config.pulsarApi.replace(/^http/, 'ws')}/ws/v2/${path}?${new URLSearchParams(query)}`
    return connectSocket(url, connectionOptions(config), onClosed, (socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return use(socket)
    })
  }
  return {
    name: 'websocket',
    openProducer: async (options, onClosed) => {
      const query = {
        messageRoutingMode: 'RoundRobinPartition',
        batchingEnabled: 'false',
        compressionType: COMPRESSION,
        maxPendingMessages: '1000',
      }
      const timeout = { sendTimeoutMillis: String(options.sendTimeoutMs) }
      const path = `producer/${topicPath(options.topic)}`
      return connect(path, { ...query, ...timeout }, onClosed, (socket) => producerOn(socket, options))
    },
    openConsumer: async (options, onClosed) => {
      const query = {
        subscriptionType: 'Shared',
        // If the subscription was deleted meanwhile, the broker recreates it: not after the waiting messages.
        subscriptionInitialPosition: 'Earliest',
        pullMode: 'true',
        receiverQueueSize: String(options.prefetchMessages),
        negativeAckRedeliveryDelay: String(REDELIVERY_DELAY_MS),
      }
      const path = `consumer/${topicPath(options.topic)}/${encodeURIComponent(options.subscription)}`
      return connect(path, query, onClosed, (socket) => consumerOn(socket, options))
    },
    openReader: async ({ partition, after, prefetchMessages }, onClosed) => {
      const query = {
        messageId: encodePosition(after).toString('base64'),
        receiverQueueSize: String(prefetchMessages),
      }
      return connect(`reader/${topicPath(partition)}`, query, onClosed, readerOn)
    },
    close: async () => {
      await Promise.all([...open].map(closeSocket))
    },
  }
}

function connectionOptions(config: Access): ClientOptions {
  return {
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    perMessageDeflate: false,
    headers: config.pulsarAuthToken === '' ? {} : { Authorization: `Bearer ${config.pulsarAuthToken}` },
    rejectUnauthorized: config.pulsarVerifyCerts,
    ...(config.pulsarCaFile === '' ? {} : { ca: readFileSync(config.pulsarCaFile) }),
  }
}

/** @param use is called before the first message can arrive: the broker sends messages to a reader immediately. */
function connectSocket<T>(
  url: string,
  options: ClientOptions,
  onClosed: (reason: string) => void,
  use: (socket: WebSocket) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options)
    const { pathname } = new URL(url)
    const failed = (cause: unknown) =>
      reject(new AppError('queue_unavailable', `Pulsar did not open ${pathname}`, { cause }))
    socket.once('error', failed)
    socket.once('unexpected-response', (_request, response) => {
      const connection = response.socket
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (part: string) => {
        if (text.length < MAX_REFUSAL_CHARS) text += part
      })
      response.once('error', failed)
      response.once('end', () => {
        // Node.js treats the request as finished and stops listening to its connection, which it leaves open.
        // When that is reset, the error would end the process.
        connection.destroy()
        reject(handshakeRefusal(response.statusCode ?? 0, text, pathname))
      })
    })
    socket.once('open', () => {
      socket.off('error', failed)
      let reason = ''
      socket.on('error', (error) => {
        reason = messageOf(error)
      })
      keepAlive(socket)
      socket.once('close', (code, text) => {
        if (!closedByUs.has(socket)) onClosed(reason || text.toString() || `closed with code ${code}`)
      })
      resolve(use(socket))
    })
  })
}

/** Why a broker does not open a connection, by the status of its answer and its text, which is in an HTML page. */
export function handshakeRefusal(status: number, page: string, path: string): AppError {
  const said = /Failed to create producer\/consumer: ([^<\n]*)/.exec(page)?.[1]?.trim() ?? ''
  const code = pulsarFault(said, status)
  const text = REFUSALS[status === 401 ? 'no_token' : code] ?? 'it cannot be opened now'
  return new AppError(code, `Pulsar answered ${status} to ${path}: ${text}${said === '' ? '' : `: ${said}`}`, {
    context: { status },
  })
}

const REFUSALS: Readonly<Partial<Record<ErrorCode | 'no_token', string>>> = {
  no_token: 'the token is missing or not valid; check PULSAR_AUTH_TOKEN',
  queue_refused: 'the role of the token may not do this; run set-up, which grants the rights',
  set_up_missing: 'the topic does not exist; run set-up',
  queue_exclusive: 'another client holds it exclusively; stop that client',
  queue_quota: 'the backlog has reached its quota; bring the workers back, or raise the quota',
}

function keepAlive(socket: WebSocket): void {
  let unanswered = 0
  const timer = setInterval(() => {
    if (unanswered >= 2) socket.terminate()
    unanswered += 1
    socket.ping()
  }, PING_INTERVAL_MS)
  timer.unref()
  socket.on('pong', () => {
    unanswered = 0
  })
  socket.once('close', () => clearInterval(timer))
}

/** A caller that closes a connection needs no report that it is closed. */
const closedByUs = new WeakSet<WebSocket>()

function closeSocket(socket: WebSocket): Promise<void> {
  closedByUs.add(socket)
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) return resolve()
    const timer = setTimeout(() => socket.terminate(), CLOSE_WAIT_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.close()
  })
}

/** The frames of the broker are text. */
function parseFrame<T>(data: RawData): T {
  return JSON.parse((data as Buffer).toString('utf8')) as T
}

interface Receipt {
  readonly result: string
  readonly errorMsg?: string
  readonly context?: string
}

interface Pending {
  resolve(): void
  reject(error: AppError): void
  readonly timer: NodeJS.Timeout
}

function producerOn(socket: WebSocket, options: ProducerOptions): Producer {
  const pending = new Map<string, Pending>()
  let sequence = 0

  const settle = (context: string, error?: AppError) => {
    const entry = pending.get(context)
    if (!entry) return
    pending.delete(context)
    clearTimeout(entry.timer)
    if (error) entry.reject(error)
    else entry.resolve()
  }
  socket.on('message', (data) => {
    const receipt = parseFrame<Receipt>(data)
    settle(receipt.context ?? '', receipt.result === 'ok' ? undefined : refusal(receipt))
  })
  socket.on('close', () => {
    for (const context of [...pending.keys()]) {
      settle(context, new AppError('queue_unavailable', 'the connection to Pulsar was lost before the receipt'))
    }
  })

  return {
    send: ({ payload, properties }) =>
      new Promise((resolve, reject) => {
        const context = String(sequence++)
        const late = () =>
          new AppError('queue_unavailable', `no receipt from Pulsar within ${options.sendTimeoutMs} ms`)
        pending.set(context, {
          resolve,
          reject,
          timer: setTimeout(() => settle(context, late()), options.sendTimeoutMs),
        })
        socket.send(JSON.stringify({ payload: payload.toString('base64'), properties, context }), (error) => {
          if (error)
            settle(context, new AppError('queue_unavailable', 'the message could not be sent', { cause: error }))
        })
      }),
    isConnected: () => socket.readyState === WebSocket.OPEN,
    close: () => closeSocket(socket),
  }
}

/** The broker answers `send-error:N` for temporary and permanent errors; only its text distinguishes them. */
function refusal(receipt: Receipt): AppError {
  const reason = receipt.errorMsg ?? receipt.result
  return new AppError(pulsarFault(reason), `Pulsar refused the message: ${reason}`, {
    context: { result: receipt.result },
  })
}

interface Frame {
  readonly messageId: string
  readonly payload: string
  readonly properties?: Record<string, string>
  readonly publishTime: string
}

function consumerOn(socket: WebSocket, options: ConsumerOptions): Consumer {
  let arrived: Delivery[] = []
  const next = arrival()

  const permit = (messages: number) => send({ type: 'permit', permitMessages: messages })
  const send = (frame: object) => {
    // A frame that is lost with its connection means a redelivery, never a loss.
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame), () => undefined)
  }
  socket.on('message', (data) => {
    const frame = parseFrame<Partial<Frame>>(data)
    if (frame.messageId === undefined) return
    arrived.push({ id: frame.messageId, ...contentOf(frame) })
    next.happened()
  })
  // The socket spans all partitions: a few times the share of one keeps it busy without hoarding.
  permit(options.prefetchMessages * 4)

  return {
    receive: async () => {
      if (arrived.length === 0) await next.wait()
      const taken = arrived
      arrived = []
      if (taken.length > 0) permit(taken.length)
      return taken
    },
    acknowledge: async (id) => send({ messageId: id.toString() }),
    negativeAcknowledge: (id) => send({ type: 'negativeAcknowledge', messageId: id.toString() }),
    isConnected: () => socket.readyState === WebSocket.OPEN,
    close: () => closeSocket(socket),
  }
}

function contentOf({ payload, properties, publishTime }: Partial<Frame>): Omit<Delivery, 'id'> {
  return {
    payload: Buffer.from(payload ?? '', 'base64'),
    properties: properties ?? {},
    publishedAtMs: Date.parse(publishTime ?? ''),
  }
}

/** The broker sends as many as the prefetch allows, and one more for each permit. */
function readerOn(socket: WebSocket): Reader {
  let arrived: ReadMessage[] = []
  const next = arrival()
  socket.on('message', (data) => {
    const frame = parseFrame<Partial<Frame>>(data)
    if (frame.messageId === undefined) return
    arrived.push({ position: decodePosition(Buffer.from(frame.messageId, 'base64')), ...contentOf(frame) })
    next.happened()
  })
  return {
    receive: async () => {
      if (arrived.length === 0) await next.wait()
      const taken = arrived
      arrived = []
      if (socket.readyState === WebSocket.OPEN) {
        for (const _ of taken) socket.send(ARRIVED, () => undefined)
      }
      return taken
    },
    isConnected: () => socket.readyState === WebSocket.OPEN,
    close: () => closeSocket(socket),
  }
}

/** Any command but `isEndOfTopic` counts as one message that arrived. */
const ARRIVED = JSON.stringify({ type: 'permit' })
