import type { Interval, LoadTest } from '../../runtime/load-test/record.ts'
import { eventsInHand, FULL_CORE } from '../../runtime/telemetry/bottlenecks.ts'
import { figure, percent } from '../sizing/figures.ts'
import { busiestNode, firstHeld, fullBulkMs, most, secondsOf } from './window.ts'

export type Part = 'generator' | 'API' | 'worker' | 'Elasticsearch' | 'machine' | 'queue'

/** The part that reached its limit first, and when. */
export interface Saturation {
  readonly part: Part
  readonly fromSeconds: number
  /** Name of the limit. */
  readonly code: string
  /** The numbers by which it was reached. */
  readonly facts: Readonly<Record<string, number>>
  readonly reason: string
  readonly advice: string
}

/** The same of the cores of a data node, and of a machine that other programs share. */
const FULL_NODE = 0.9
const FULL_MACHINE = 0.97
/** Part of the bulks that may be in flight, over the time, from which on bulks wait for a place. */
const FULL_SLOTS = 0.9
/** A receipt is one write to the disks of the bookies: tens of milliseconds are much. */
const SLOW_RECEIPT_MS = 100
/** Time of BULK_SIZE events from where on it is Elasticsearch that is slow, rather than the worker that has too few bulks in flight. */
const SLOW_BULK_MS = 1000
/** Seconds of load that may be in the queue besides what workers hold. */
const BEHIND_SECONDS = 5
/** Where no message was counted. */
const EVENTS_PER_MESSAGE = 10

type Finding = Omit<Saturation, 'fromSeconds'>
type Rule = (interval: Interval, settings: LoadTest['settings']) => Finding | undefined

/** A part that has no more to give. The one that was so first is the cause of what followed. */
const LIMITS: readonly Rule[] = [
  ({ generator: { loopBusy } }) =>
    loopBusy >= FULL_CORE
      ? {
          part: 'generator',
          code: 'load_generator_core',
          facts: { loopBusy },
          reason: `the event loop of the load test itself was busy for ${percent(loopBusy)} of the time`,
          advice: 'run several load tests at the same time, each with a part of the rate',
        }
      : undefined,
  ({ api }) => {
    const cores = most(api?.cores ?? [])
    return cores >= FULL_CORE
      ? {
          part: 'API',
          code: 'api_core',
          facts: { cores },
          reason: `a replica of the API used ${figure(cores)} cores, and one event loop has one`,
          advice: 'raise api.replicas',
        }
      : undefined
  },
  ({ worker }) => {
    const cores = most(worker?.cores ?? [])
    return cores >= FULL_CORE
      ? {
          part: 'worker',
          code: 'worker_core',
          facts: { cores },
          reason: `a worker used ${figure(cores)} cores, and one event loop has one`,
          advice: 'raise workers.replicas',
        }
      : undefined
  },
  (interval) => {
    const busy = busiestNode(interval)
    const rejected = interval.nodes?.writeRejected ?? 0
    if (busy < FULL_NODE && rejected === 0) return undefined
    const reason = rejected > 0 ? 'a data node refused bulks (429)' : `a data node used ${percent(busy)} of its cores`
    return {
      part: 'Elasticsearch',
      code: rejected > 0 ? 'bulks_refused' : 'data_node_cores',
      facts: { busy, rejected },
      reason,
      advice: 'raise elasticsearch.dataNodes, or elasticsearch.cpuMillicores',
    }
  },
  (interval, settings) => (isBehind(interval, settings) ? allInFlight(interval, settings) : undefined),
]

/** What slows all down, and what is slow: believed only where no part by itself was at its limit. */
const SYMPTOMS: readonly Rule[] = [
  ({ generator: { machineBusy, machineCores } }) =>
    machineBusy >= FULL_MACHINE
      ? {
          part: 'machine',
          code: 'load_generator_machine',
          facts: { machineBusy, machineCores },
          reason: `the ${figure(machineCores)} cores of the machine on which the load test runs were all busy`,
          advice: 'run the load test, or the other programs, on another machine',
        }
      : undefined,
  ({ api }) =>
    (api?.receiptMs ?? 0) >= SLOW_RECEIPT_MS
      ? {
          part: 'queue',
          code: 'receipts_slow',
          facts: { receiptMs: api?.receiptMs ?? 0 },
          reason: `a receipt of Pulsar took ${figure(api?.receiptMs ?? 0)} ms on average`,
          advice:
            'look at the journal disks of the bookies and the CPU of the brokers: broker.replicas, bookkeeper.replicas',
        }
      : undefined,
  (interval, settings) => (isBehind(interval, settings) ? BEHIND : undefined),
]

/** Whether more is in the queue than what workers hold and some seconds of load. */
export function isBehind(interval: Interval, { bulkSize }: LoadTest['settings']): boolean {
  const { api, worker, load, backlogMessages = 0 } = interval
  const perMessage = api && api.messages > 0 ? api.events / api.messages : EVENTS_PER_MESSAGE
  const workers = Math.max(1, worker?.cores.length ?? 1)
  const held = workers * eventsInHand(worker?.inFlightLimit ?? 1, bulkSize)
  const perSecond = load.sent / secondsOf(interval)
  return backlogMessages * perMessage > held + perSecond * BEHIND_SECONDS
}

/** The backlog grows, and each worker has as many bulks in flight as it may. */
function allInFlight({ worker }: Interval, { bulkSize }: LoadTest['settings']): Finding | undefined {
  if (worker === undefined || worker.inFlight < FULL_SLOTS * worker.inFlightLimit) return undefined
  const bulkMs = worker.bulkMs ?? 0
  const bulkEvents = worker.bulkEvents ?? 0
  if (fullBulkMs(bulkMs, bulkEvents, bulkSize) >= SLOW_BULK_MS) {
    return {
      part: 'Elasticsearch',
      code: 'bulks_slow',
      facts: { bulkEvents, bulkMs },
      reason: `the backlog grew while a bulk of ${figure(bulkEvents)} events took ${figure(bulkMs)} ms and no data node was busy`,
      advice: 'look at the disks of the data nodes, and at the network to them',
    }
  }
  return {
    part: 'worker',
    code: 'bulks_in_flight',
    facts: { inFlightLimit: worker.inFlightLimit, bulkEvents, bulkMs },
    reason: `the backlog grew while each worker had all ${figure(worker.inFlightLimit)} of its bulks in flight, of ${figure(bulkEvents)} events and ${figure(bulkMs)} ms each`,
    advice: 'raise BULK_SIZE with BULK_MAX_EVENTS, or BULK_CONCURRENCY, or workers.replicas',
  }
}

const BEHIND: Finding = {
  part: 'worker',
  code: 'workers_behind',
  facts: {},
  reason: 'the backlog grew while neither Elasticsearch nor a core was at its limit: the workers received too little',
  advice: 'check what delays the workers (their log, their CPU limit, how many are ready), or raise workers.replicas',
}

/** The first part that reached its limit under the load and stayed there for a while; nothing when none did. */
export function firstSaturation({
  intervals,
  settings,
}: Pick<LoadTest, 'intervals' | 'settings'>): Saturation | undefined {
  const load = intervals.filter(({ phase }) => phase !== 'drain')
  const first = (rules: readonly Rule[]) =>
    rules
      .flatMap((rule): readonly Saturation[] => {
        const found = firstHeld(load, (interval) => rule(interval, settings))
        return found === undefined ? [] : [{ ...found.value, fromSeconds: found.fromSeconds }]
      })
      .toSorted((a, b) => a.fromSeconds - b.fromSeconds)[0]
  return first(LIMITS) ?? first(SYMPTOMS)
}
