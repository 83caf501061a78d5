import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import type { Registry } from 'prom-client'
import type { ConfigOf } from '../config.ts'
import { messageOf } from '../errors.ts'
import { monitoringPortOf } from '../monitoring.ts'
import type { Topics } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import { readBacklog } from '../queue/backlog.ts'
import { nodesAway, unavailable } from '../search/client.ts'
import { listIndices } from '../search/retention.ts'
import { instancesAt, isOwn, type Result, readTroubles, resultOf, scrape, urlsOf } from '../telemetry/instances.ts'
import type { Trouble } from '../troubles.ts'
import { certificatesOf } from './certificates.ts'
import { clusterHealth } from './cluster-health.ts'
import type { ClusterHealth, InstanceAnswer, Observation, QueueState, SearchState, Watermarks } from './observation.ts'

/** How the instance that serves the page is named. */
const OWN_INSTANCE = 'this instance'
/** Less than the interval of the collector, so that one instance that hangs delays no other. */
const ANSWER_LIMIT_MS = 1500
/** A server that is busy may be slow; one that is this slow is down for an operator. */
const SERVER_LIMIT_MS = 5000
/** Whether it answers, and its color. */
const HEALTH_EVERY_MS = 2000
/** Indices and disks change slowly, and a large cluster answers for thousands of shards. */
const SEARCH_EVERY_MS = 10_000
/** Somebody may renew one that has expired, and waits for the advice to go. */
const CERTIFICATES_EVERY_MS = 10_000

/** The publishing of this API; each empty when nothing is wrong. */
export interface Publishing {
  /** Why it cannot publish at present. */
  unavailableReason(): string | undefined
  /** Code of the reason for which nothing may be promised: what is published might be read by nobody, or be dropped. */
  notPromised(): string | undefined
  /** Partitions that are skipped while others accept messages. */
  leftOut(): string | undefined
}

export interface Observed {
  readonly config: ConfigOf<'api'>
  readonly topics: Topics
  readonly admin: PulsarAdmin
  readonly search: Client
  readonly registry: Registry
  /** What went wrong in this process. */
  readonly troubles: () => readonly Trouble[]
  readonly publishing: Publishing
}

/** Observes everything concurrently, including what does not answer in time. */
export function observer({
  config,
  topics,
  admin,
  search,
  registry,
  troubles,
  publishing,
}: Observed): () => Promise<Observation> {
  const now = () => Date.now()
  const limits = { waitMs: ANSWER_LIMIT_MS, limitMs: SERVER_LIMIT_MS, now }
  const queue = polled(() => queueState(admin, topics), { everyMs: 0, ...limits })
  const asked = <T>(answer: Promise<T>): Promise<T> => answer.catch(unavailable(config))
  const health = polled(() => asked(clusterHealth(search)), { everyMs: HEALTH_EVERY_MS, ...limits })
  const cluster = polled(() => asked(searchDetails(search, config)), { everyMs: SEARCH_EVERY_MS, ...limits })
  const servers = [...config.elasticHost.split(','), config.pulsarApi]
  const certificates = polled(() => certificatesOf(servers), { everyMs: CERTIFICATES_EVERY_MS, ...limits })
  return async () => {
    const [instances, queueAnswer, healthAnswer, clusterAnswer, certificateAnswer] = await Promise.all([
      readInstances(config, registry, troubles, now),
      queue(),
      health(),
      cluster(),
      certificates(),
    ])
    const answer = merged(healthAnswer, clusterAnswer)
    return {
      ...{ atMs: now(), instances, queue: queueAnswer, search: answer },
      certificates: certificateAnswer.ok ? certificateAnswer.value : [],
      ...publishingState(publishing),
    }
  }
}

function merged(health: Result<ClusterHealth>, details: Result<SearchDetails>): Result<SearchState> {
  if (!health.ok) return health
  return details.ok ? { ok: true, value: { ...details.value, ...health.value } } : details
}

function publishingState({ unavailableReason, notPromised, leftOut }: Publishing) {
  return { publishFault: unavailableReason(), notPromised: notPromised(), leftOut: leftOut() }
}

async function readInstances(
  config: ConfigOf<'api'>,
  registry: Registry,
  troubles: () => readonly Trouble[],
  now: () => number,
): Promise<readonly InstanceAnswer[]> {
  const ownAddresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
  const others = (await Promise.all(urlsOf(config.consoleInstances).map(locate))).flat()
  const urls = new Set(others.flatMap(({ url, reason }) => (reason === undefined ? [url] : [])))
  const missing = others.filter(({ reason }) => reason !== undefined)
  const ownAnswer = resultOf(await registry.metrics(), now())
  const own: InstanceAnswer = { url: OWN_INSTANCE, answer: ownAnswer, troubles: troubles() }
  const asked = [...urls].filter((url) => !isOwn(url, ownAddresses, monitoringPortOf(config)))
  return [
    own,
    ...(await Promise.all(asked.map((url) => readInstance(url, now)))),
    ...missing.map(({ url, reason = '' }): InstanceAnswer => ({ url, answer: { ok: false, reason } })),
  ]
}

async function readInstance(url: string, now: () => number): Promise<InstanceAnswer> {
  const [answer, troubles] = await Promise.all([scrape(url, ANSWER_LIMIT_MS, now), readTroubles(url, ANSWER_LIMIT_MS)])
  return { url, answer, troubles }
}

async function locate(base: string): Promise<readonly { url: string; reason?: string }[]> {
  try {
    return (await instancesAt(base)).map((url) => ({ url }))
  } catch (error) {
    return [{ url: base, reason: messageOf(error) }]
  }
}

async function queueState(admin: PulsarAdmin, topics: Topics): Promise<QueueState> {
  const [events, deadLetters] = await Promise.all([
    readBacklog(admin, topics.events),
    readBacklog(admin, topics.deadLetters),
  ])
  const partitions = events.backlog
    .filter(({ subscription }) => subscription === topics.eventsSubscription)
    .map(({ partition, count }) => ({ partition, messages: count }))
  return { partitions, deadLetters: deadLetters.total }
}

type SearchDetails = Omit<SearchState, keyof ClusterHealth>

async function searchDetails(search: Client, config: ConfigOf<'api'>): Promise<SearchDetails> {
  const limits = { requestTimeout: SEARCH_EVERY_MS }
  const [stats, settings, indices] = await Promise.all([
    search.nodes.stats({ metric: 'fs', filter_path: 'nodes.*.name,nodes.*.fs.total' }, limits),
    search.cluster.getSettings(
      { include_defaults: true, flat_settings: true, filter_path: '*.cluster.routing.allocation.disk.*' },
      limits,
    ),
    listIndices(search, config),
  ])
  return {
    nodesAway: nodesAway(search),
    indices,
    disks: Object.values(stats.nodes ?? {}).map(({ name, fs }) => ({
      node: name ?? '',
      totalBytes: fs?.total?.total_in_bytes ?? 0,
      availableBytes: fs?.total?.available_in_bytes ?? 0,
    })),
    watermarks: watermarksOf(settings),
  }
}

type FlatSettings = Readonly<Record<string, unknown>>
const DISK = 'cluster.routing.allocation.disk'

/** What was set last wins: for a moment, permanently, or never. */
export function watermarksOf(settings: {
  readonly transient?: FlatSettings
  readonly persistent?: FlatSettings
  readonly defaults?: FlatSettings
}): Watermarks | null {
  const all: FlatSettings = { ...settings.defaults, ...settings.persistent, ...settings.transient }
  if (String(all[`${DISK}.threshold_enabled`]) === 'false') return null
  const watermark = (name: string) => ({
    limit: String(all[`${DISK}.watermark.${name}`] ?? ''),
    maxHeadroom: String(all[`${DISK}.watermark.${name}.max_headroom`] ?? '-1'),
  })
  return { low: watermark('low'), high: watermark('high'), floodStage: watermark('flood_stage') }
}

export interface PollOptions {
  /** Minimum time between two requests; in between, the last answer is valid. */
  readonly everyMs: number
  /** Maximum wait for an answer; after it, the last one stays valid for a while. */
  readonly waitMs: number
  /** A question that is open for so long counts as not answered. */
  readonly limitMs: number
  readonly now: () => number
}

/**
 * Polls, with at most one request in flight, and limits the wait of every caller: a server that hangs must not hide
 * the others.
 */
export function polled<T>(
  ask: () => Promise<T>,
  { everyMs, waitMs, limitMs, now }: PollOptions,
): () => Promise<Result<T>> {
  let last: Result<T> | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined
  return async () => {
    if (!underWay && now() - askedAtMs >= everyMs) {
      askedAtMs = now()
      underWay = ask()
        .then(
          (value) => {
            last = { ok: true, value }
          },
          (error: unknown) => {
            last = { ok: false, reason: messageOf(error) }
          },
        )
        .finally(() => {
          underWay = undefined
        })
    }
    if (underWay) await Promise.race([underWay, sleep(waitMs, undefined, { ref: false })])
    const openMs = now() - askedAtMs
    if (underWay && (!last || openMs >= limitMs))
      return { ok: false, reason: `no answer for ${Math.round(openMs / 1000)} s` }
    return last ?? { ok: false, reason: 'not asked yet' }
  }
}
