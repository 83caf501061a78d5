import type { AddressInfo } from 'node:net'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { Registry } from 'prom-client'
import { Budget } from '../../runtime/api/budget.ts'
import { LiveEvents } from '../../runtime/api/live-events.ts'
import { type ApiMetrics, apiMetrics } from '../../runtime/api/metrics.ts'
import { buildPublicServer } from '../../runtime/api/public-server.ts'
import { Publisher } from '../../runtime/api/publisher.ts'
import { Refusals } from '../../runtime/api/refusals.ts'
import { digestOf, ownerOf, type Redirect, type Source, type Sources } from '../../runtime/api/sources.ts'
import { type Config, loadConfig } from '../../runtime/config.ts'
import type { OutgoingMessage } from '../../runtime/queue/port.ts'
import { FakeProducer } from './fake-producer.ts'
import { recordingLog } from './log.ts'

const SOURCES: readonly Source[] = [
  source('shop', { allowedOrigins: new Set(['https://shop.example.com']) }),
  source('open', { allowedOrigins: new Set(['*']) }),
  source('closed', { enabled: false, allowedOrigins: new Set(['https://closed.example.com']) }),
  source('backend', { secrets: ['the first long secret', 'the second long secret'].map(digestOf) }),
  source('wary', { trustsProfileIds: false }),
  source('people', { refusesBots: true, allowedOrigins: new Set(['*']) }),
  source('seen', { storedIp: 'truncate', storedHeaders: ['user-agent', 'accept-language', 'x-not-sent'] }),
  source('derived', { derivesFields: true }),
  source('slow', { limits: { callsPerSecond: 2, eventsPerSecond: 100 } }),
]

const REDIRECTS: ReadonlyMap<string, Redirect> = new Map(
  ['shop', 'closed', 'people', 'slow'].map((sourceId) => [
    `to-${sourceId}`,
    { sourceId, to: 'https://shop.example.com/sale?a=b', type: 'Mail Link' },
  ]),
)

function source(id: string, more: Partial<Source>): Source {
  return {
    id,
    owner: ownerOf(id),
    name: id,
    enabled: true,
    allowedOrigins: new Set(),
    secrets: [],
    limits: {},
    trustsProfileIds: true,
    refusesBots: false,
    storedIp: 'drop',
    storedHeaders: [],
    derivesFields: false,
    ...more,
  }
}

/** `shop` takes pages of one origin, `closed` is disabled; the others exist where a test wants them. */
export function fixedSources(ids: readonly string[] = ['shop', 'closed']): Sources {
  const sources = SOURCES.filter((source) => ids.includes(source.id))
  return {
    find: (id) => sources.find((source) => source.id === id),
    redirect: (id) => REDIRECTS.get(id),
    fault: () => undefined,
    close: () => undefined,
  }
}

export interface Api {
  readonly server: FastifyInstance
  readonly producer: FakeProducer
  readonly budget: Budget
  readonly registry: Registry
  readonly live: LiveEvents
  readonly refusals: Refusals
  readonly metrics: ApiMetrics
  readonly logged: readonly Record<string, unknown>[]
  readonly connections: () => { readonly open: number; readonly lingering: number }
}

/** Of a queue with nothing to report. */
export const WELL_QUEUE = { closed: () => [], partitions: () => [] }

const running: FastifyInstance[] = []

/** The public listener on a broker in memory; `closeApis` ends it. */
export async function buildApi(
  settings: Partial<Config> = {},
  sources = fixedSources(),
  nowMs = () => performance.now(),
): Promise<Api> {
  const config = { ...loadConfig({}), ...settings }
  const producer = new FakeProducer()
  const budget = new Budget(config.apiMaxPendingBytes)
  const registry = new Registry()
  const metrics = apiMetrics(registry, {
    pendingBytes: () => budget.used,
    sourcesFault: () => sources.fault(),
    queue: WELL_QUEUE,
  })
  const limits = { bytes: config.messageMaxBytes, events: Math.min(config.messageMaxEvents, config.bulkSize) }
  let connections = { open: 0, lingering: 0, maximum: 0 }
  const watching = {
    ...metrics,
    watchConnections: (watched: typeof connections) => {
      connections = watched
      metrics.watchConnections(watched)
    },
  }
  const publisher = new Publisher(producer, limits, metrics)
  const { log, lines } = recordingLog()
  const live = new LiveEvents(config.apiLiveEvents, nowMs)
  const refusals = new Refusals()
  const shown = { live, refusals }
  const server = await buildPublicServer({
    config,
    sources,
    publisher,
    metrics: watching,
    budget,
    log,
    nowMs,
    ...shown,
  })
  running.push(server)
  return { server, producer, budget, registry, metrics, ...shown, logged: lines, connections: () => connections }
}

export async function closeApis(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.close()))
}

/** Opens a real socket and answers its port. */
export async function listen(server: FastifyInstance): Promise<number> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  return (server.server.address() as AddressInfo).port
}

/** A body as its bytes, so that nothing is added to it or taken from it. */
export function trackCall(body: unknown, headers: Record<string, string> = {}): InjectOptions {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return { method: 'POST', url: '/track', headers: { 'content-type': 'application/json', ...headers }, payload }
}

/** A call that is taken as it is: one event, which has an id. */
export function goodCall(more: object = {}): Record<string, unknown> {
  return {
    source: { id: 'shop' },
    session: { id: 'session-1' },
    profile: { id: 'profile-1' },
    events: [{ id: 'event-1', type: 'page-view' }],
    ...more,
  }
}

/** The lines of messages, in their order: actions and documents in turn. */
export function linesOf(messages: readonly OutgoingMessage[]): string[] {
  return messages.flatMap(({ payload }) => payload.toString('utf8').trimEnd().split('\n'))
}

/** The documents of the events in messages. */
export function eventsOf(messages: readonly OutgoingMessage[]): Record<string, unknown>[] {
  const lines = messages.flatMap(({ payload, properties }) => {
    const events = payload.subarray(0, Number(properties['b'])).toString('utf8').trimEnd()
    return events === '' ? [] : events.split('\n')
  })
  return lines.filter((_, index) => index % 2 === 1).map((line) => JSON.parse(line))
}
