import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { UNROUTED, type Unrouted } from '../listener.ts'
import { REASON_CODES, type Reason } from '../queue/reader.ts'
import { Troubles } from '../troubles.ts'

const OUTCOMES = ['accepted', 'not_stored', 'unavailable'] as const
/** What became of the event of a link. */
const LINK_EVENTS = ['durable', 'limited', 'refused', 'unavailable'] as const

export type LinkEvent = (typeof LINK_EVENTS)[number]

export type ApiMetrics = ReturnType<typeof apiMetrics>

interface ApiGauges {
  readonly pendingBytes: () => number
  /** What is wrong with the sources file, while the last good one is in force. */
  readonly sourcesFault: () => string | undefined
  /** What is known of the queue. */
  readonly queue: QueueStates
}

interface QueueStates {
  closed(): readonly Reason[]
  partitions(): readonly { readonly partition: number; readonly reason: Reason | undefined }[]
}

/** What an operator watches of an API process. */
export function apiMetrics(registry: Registry, { pendingBytes, sourcesFault, queue }: ApiGauges) {
  const registers = [registry]
  const troubles = new Troubles()
  const events = new Counter({
    name: 'tracardi_api_events_total',
    help: 'Events of valid calls: accepted after the receipt of the broker, accepted and not to be stored, or answered 503',
    labelNames: ['outcome'],
    registers,
  })
  const sourceEvents = new Counter({
    name: 'tracardi_api_source_events_total',
    help: 'The same events by their source',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const requests = new Counter({
    name: 'tracardi_api_requests_total',
    help: 'Answers of the public listener',
    labelNames: ['route', 'status'],
    registers,
  })
  const refused = new Counter({
    name: 'tracardi_api_refused_calls_total',
    help: 'Calls of `/track` and `/collect` that were answered 4xx, by the source that they name, or `unknown` for one that is not in the sources file',
    labelNames: ['source', 'status'],
    registers,
  })
  const redirects = new Counter({
    name: 'tracardi_api_redirects_total',
    help: 'Redirected visitors, by what became of the event: durable, over a limit, refused (disabled source, bot, faulty session), or without receipt of the broker',
    labelNames: ['event'],
    registers,
  })
  for (const event of LINK_EVENTS) redirects.inc({ event }, 0)
  const requestSeconds = new Histogram({
    name: 'tracardi_api_request_seconds',
    help: 'Time from the head of a request to its answer',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const receiptSeconds = new Histogram({
    name: 'tracardi_api_receipt_seconds',
    help: 'Time from publishing a message to the receipt of the broker',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const messageEvents = new Histogram({
    name: 'tracardi_api_message_events',
    help: 'Events in a message',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    registers,
  })
  const unrouted = new Counter({
    name: 'tracardi_api_unrouted_total',
    help: 'Requests and connections of the public listener that ended before a route saw them; they are in no other metric',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of UNROUTED) unrouted.inc({ reason }, 0)
  const connections = new Gauge({
    name: 'tracardi_api_connections',
    help: 'Connections of the public listener: open, of these lingering after an early answer, and the maximum that may be open',
    labelNames: ['state'],
    registers,
  })
  new Gauge({
    name: 'tracardi_api_pending_bytes',
    help: 'Bodies that wait for their receipts',
    registers,
    collect() {
      this.set(pendingBytes())
    },
  })
  new Gauge({
    name: 'tracardi_api_sources_faulty',
    help: '1 while the sources file has a fault and the last good one is in force, otherwise 0',
    registers,
    collect() {
      const fault = sourcesFault()
      if (fault !== undefined) troubles.note('sources_faulty', '', fault)
      this.set(fault === undefined ? 0 : 1)
    },
  })
  new Gauge({
    name: 'tracardi_api_not_promised',
    help: '1 for each reason why calls are answered 503: Pulsar does not confirm that events would be read; otherwise 0',
    labelNames: ['reason'],
    registers,
    collect() {
      const codes = queue.closed().map(({ code }) => code)
      for (const reason of REASON_CODES) this.set({ reason }, codes.includes(reason) ? 1 : 0)
    },
  })
  new Gauge({
    name: 'tracardi_api_partition_open',
    help: '1 for each partition that is published to, 0 for one that is skipped',
    labelNames: ['partition'],
    registers,
    collect() {
      this.reset()
      for (const { partition, reason } of queue.partitions())
        this.set({ partition: String(partition) }, reason === undefined ? 1 : 0)
    },
  })
  for (const outcome of OUTCOMES) events.inc({ outcome }, 0)

  return {
    events: (source: string, outcome: (typeof OUTCOMES)[number], count: number) => {
      if (count === 0) return
      events.inc({ outcome }, count)
      sourceEvents.inc({ source, outcome }, count)
    },
    answered: (route: string, status: number, seconds: number) => {
      requests.inc({ route, status: String(status) })
      requestSeconds.observe({ route }, seconds)
    },
    /** @param source its id, where the sources file has it. */
    refused: (source: string | undefined, status: number) =>
      refused.inc({ source: source ?? 'unknown', status: String(status) }),
    troubles,
    redirected: (event: LinkEvent) => redirects.inc({ event }),
    unrouted: (reason: Unrouted) => unrouted.inc({ reason }),
    /** Reads the numbers of connections whenever metrics are. */
    watchConnections: (watched: { readonly open: number; readonly lingering: number; readonly maximum: number }) => {
      Object.assign(connections, {
        collect: () => {
          for (const state of ['open', 'lingering', 'maximum'] as const) connections.set({ state }, watched[state])
        },
      })
    },
    receipt: (seconds: number, eventsInMessage: number) => {
      receiptSeconds.observe(seconds)
      messageEvents.observe(eventsInMessage)
    },
  }
}
