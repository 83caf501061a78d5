import { setTimeout as sleep } from 'node:timers/promises'
import { servers } from '../contract/servers.ts'
import { eventually } from '../support/until.ts'
import { idleConnections } from './connections.ts'
import type { Fault } from './fault.ts'
import { INDEX_FAULTS } from './index-faults.ts'
import { callOf, post } from './load.ts'
import { OPERATOR_FAULTS } from './operator-faults.ts'
import type { BulkFault } from './search-proxy.ts'

/** From the first to the second sending of the same calls, with the end of the month in the middle. */
const OVER_THE_END_MS = 120_000
/** Counts events that came although they were stored. */
const DUPLICATES = 'tracardi_worker_events_total{outcome="duplicate"}'
/** Maximum number of cursor resets until something is redelivered. */
const CURSOR_RESETS = 15
/** Partitions that are added at most: each costs a consumer. */
const MAX_PARTITIONS = 24

/** @throws Error when a program that was asked to stop did not end by itself. */
function endedWell(name: string, code: number | null): void {
  if (code !== 0) throw new Error(`the ${name} ended with ${code ?? 'a signal'} after SIGTERM; expected: 0`)
}

const kills: readonly Fault[] = [
  {
    name: 'API killed (-9)',
    inject: async ({ api }, random) => {
      await api.end('SIGKILL')
      await sleep(random.between(0, 2000))
      api.start()
      await api.untilReady()
    },
  },
  {
    name: 'worker killed (-9)',
    inject: async ({ worker }, random) => {
      await worker.end('SIGKILL')
      await sleep(random.between(0, 2000))
      worker.start()
    },
  },
  {
    name: 'worker killed (-9) again and again: everything comes twice',
    inject: async ({ worker }, random) => {
      for (let kill = 0; kill < 5; kill += 1) {
        await worker.restart('SIGKILL')
        // Long enough to store a bulk, mostly too short to acknowledge it.
        await sleep(random.between(700, 2200))
      }
    },
  },
  {
    name: 'worker killed (-9) with bulks that are refused',
    inject: async ({ worker, searchProxy }, random) => {
      searchProxy.fault = 'request-502'
      // Until it certainly holds some: a worker that had acknowledged them before would lose them now.
      await sleep(random.between(1500, 3000))
      await worker.restart('SIGKILL')
      await sleep(1000)
      searchProxy.fault = undefined
    },
  },
  {
    name: 'API and worker killed (-9) together',
    inject: async ({ api, worker }) => {
      await Promise.all([api.restart('SIGKILL'), worker.restart('SIGKILL')])
      await api.untilReady()
    },
  },
]

const stops: readonly Fault[] = [
  {
    name: 'API stopped (SIGTERM)',
    inject: async ({ api }) => {
      endedWell('API', await api.restart('SIGTERM'))
      await api.untilReady()
    },
  },
  {
    name: 'worker stopped (SIGTERM)',
    inject: async (system, random) => {
      const { worker } = system
      // What earlier faults caused to be redelivered has arrived.
      await system.drain()
      await sleep(random.between(500, 2000))
      endedWell('worker', await worker.restart('SIGTERM'))
      await system.recoveryMs()
      await system.drain()
      const again = await worker.metric(DUPLICATES)
      if (again !== 0) throw new Error(`after a graceful stop ${again} events were delivered again; allowed: none`)
    },
  },
]

const queueFaults: readonly Fault[] = [
  {
    name: 'Pulsar killed (-9) and restarted',
    inject: async ({ console }, random) => {
      servers().pulsar.kill()
      await sleep(random.between(500, 5000))
      await console.hold()
      await servers().restartPulsar()
    },
  },
  { name: 'topic unloaded', inject: (system) => system.pulsar('PUT', '/unload') },
  {
    name: 'partitions added under load',
    inject: async (system) => {
      const topic = system.pipeline.config
      const { admin } = system.pipeline
      const name = `persistent://${topic.pulsarTenant}/${topic.pulsarNamespace}/${topic.pulsarTopic}`
      const partitions = (await admin.partitions(name)) ?? 0
      if (partitions < MAX_PARTITIONS) await admin.growPartitions(name, partitions + 1)
    },
  },
  {
    name: 'connections to Pulsar cut between send and receipt',
    inject: async ({ queue }, random) => {
      // Receipts are late, so that calls are cut while they wait for theirs.
      queue.delay(random.between(20, 200))
      for (let cut = 0; cut < 5; cut += 1) {
        await sleep(random.between(300, 1000))
        queue.cut()
      }
      queue.delay(0)
    },
  },
  {
    name: 'connections to Pulsar half-open',
    inject: async ({ queue, console }, random) => {
      queue.silence(true)
      await sleep(random.between(2000, 12_000))
      await console.hold()
      queue.silence(false)
      queue.cut()
    },
  },
  {
    name: 'Pulsar slow to read and to answer',
    inject: async ({ queue, console }, random) => {
      // Half a second is slow.
      queue.delay(random.between(700, 1500))
      await sleep(random.between(3000, 8000))
      await console.hold()
      queue.delay(0)
    },
  },
  {
    name: 'Pulsar a slow reader',
    inject: async ({ queue }, random) => {
      queue.slow(random.between(20_000, 100_000))
      await sleep(random.between(3000, 8000))
      queue.slow(Number.POSITIVE_INFINITY)
    },
  },
  {
    name: 'everything redelivered (cursor set back)',
    inject: async (system) => {
      const { pulsarSubscription } = system.pipeline.config
      const again = async () => (await system.worker.metric(DUPLICATES)) ?? 0
      // The cursor must not move past what still waits: that would be lost, and by this hand. What is older has been stored now.
      await system.drain()
      const backToMs = Date.now() - 60_000
      const before = await again()
      // A broker may have deleted all acknowledged messages: then there is nothing to redeliver before more arrive.
      for (let time = 0; (await again()) === before; time += 1) {
        if (time === CURSOR_RESETS) throw new Error(`nothing was delivered again in ${CURSOR_RESETS} times`)
        await system.pulsar('POST', `/subscription/${pulsarSubscription}/resetcursor/${backToMs}`)
        await sleep(2000)
      }
    },
  },
]

const bulkFault = (name: string, fault: BulkFault): Fault => ({
  name,
  inject: async ({ searchProxy, console }, random) => {
    const before = searchProxy.hits
    searchProxy.fault = fault
    await sleep(random.between(3000, 8000))
    await eventually(() => searchProxy.hits > before)
    await console.hold()
    searchProxy.fault = undefined
  },
})

const searchFaults: readonly Fault[] = [
  {
    name: 'Elasticsearch killed (-9) and restarted',
    inject: async ({ console }, random) => {
      servers().elasticsearch.kill()
      await sleep(random.between(500, 5000))
      await console.hold()
      await servers().restartElasticsearch()
    },
  },
  bulkFault('30 % of the operations answered 429', 'items-429'),
  bulkFault('one operation of each bulk answered 503', 'item-503'),
  bulkFault('whole bulks answered 502, stored or not', 'request-502'),
  bulkFault('answers cut in the middle', 'cut-answer'),
  bulkFault('bulks over 20 kB answered 413', 'too-large'),
  bulkFault('Elasticsearch slow', 'slow'),
  {
    name: 'indices read-only, as the flood-stage watermark sets them',
    inject: async ({ search, pipeline, console }, random) => {
      const index = `${pipeline.eventAlias}-*`
      const block = (on: true | null) =>
        search.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': on } as never })
      await block(true)
      // Elasticsearch removes this block itself when it finds room on the disk, which it looks for every 10 s here.
      let latest: Promise<unknown> = Promise.resolve()
      const again = setInterval(() => {
        latest = block(true).catch(() => undefined)
      }, 1000)
      await sleep(random.between(2000, 6000))
      await console.hold()
      clearInterval(again)
      await latest
      await block(null)
    },
  },
  {
    name: 'events that the mapping refuses, among others',
    inject: async (system) => {
      for (let call = 0; call < 20; call += 1) {
        const mixed = callOf(10)
        const refused = callOf(1, { properties: { text: 'x'.repeat(40_000) } })
        await system.deliver({ ...mixed, events: [...mixed.events, ...refused.events] })
        for (const { id } of refused.events) system.load.refused.add(id)
      }
      await system.console.hold()
    },
  },
]

const clientFaults: readonly Fault[] = [
  {
    name: 'calls repeated, each five times',
    inject: async (system) => {
      const calls = Array.from({ length: 40 }, () => callOf(25))
      for (let time = 0; time < 5; time += 1) {
        for (const call of calls) await system.deliver(call)
      }
    },
  },
  {
    name: 'calls repeated over the end of a month, the clock jumping there',
    inject: async (system) => {
      const { api } = system
      const now = new Date()
      const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)
      const offsetMs = month - OVER_THE_END_MS / 2 - now.getTime()
      await api.restart('SIGTERM', offsetMs)
      await api.untilReady()
      const calls = Array.from({ length: 20 }, () => callOf(25, {}, Date.now() + offsetMs))
      const postAll = async () => {
        for (const call of calls) await system.deliver(call)
      }
      await postAll()
      await api.restart('SIGTERM', offsetMs + OVER_THE_END_MS)
      await api.untilReady()
      await postAll()
      await api.restart('SIGTERM')
      await api.untilReady()
    },
  },
  {
    name: 'idle connections, half-sent bodies and slow clients',
    inject: async ({ pipeline, load, notes }, random) => {
      const crowd = await idleConnections(pipeline.publicUrl, random.pick([1000, 5000, 10_000]))
      try {
        const latenciesMs: number[] = []
        for (let call = 0; call < 200; call += 1) {
          const one = callOf(5)
          const startedAt = performance.now()
          if ((await post(pipeline.publicUrl, one)) === 200) load.take(one)
          else throw new Error(`next to ${crowd.connections} idle connections a call was not answered 200 within 10 s`)
          latenciesMs.push(performance.now() - startedAt)
        }
        const p99Ms = latenciesMs.sort((a, b) => a - b)[197] as number
        notes.push(
          `Next to ${crowd.connections} such connections and the load, p99 of 200 calls was ${p99Ms.toFixed(0)} ms.`,
        )
      } finally {
        crowd.close()
      }
    },
  },
]

/** Every fault, as often as each other. */
export const FAULTS: readonly Fault[] = [
  ...kills,
  ...stops,
  ...queueFaults,
  ...searchFaults,
  ...INDEX_FAULTS,
  ...OPERATOR_FAULTS,
  ...clientFaults,
]

/** A time without Elasticsearch at full load. */
export const withoutElasticsearch = (seconds: number): Fault => ({
  name: `${seconds} s without Elasticsearch`,
  lastsMs: seconds * 1000,
  inject: async () => {
    servers().elasticsearch.kill()
    await sleep(seconds * 1000)
    await servers().restartElasticsearch()
  },
})

/** The disk of Elasticsearch full: the node itself makes its indices read-only, and takes that back when there is room. */
export const FULL_DISK: Fault = {
  name: 'disk of Elasticsearch full',
  inject: async ({ searchDisk, search, pipeline, console }, random) => {
    searchDisk?.fill()
    await eventually(async () => {
      const settings = await search.indices.getSettings({ index: `${pipeline.eventAlias}-*`, flat_settings: true })
      return JSON.stringify(settings).includes('"index.blocks.read_only_allow_delete":"true"')
    })
    await sleep(random.between(1000, 5000))
    await console.hold()
    searchDisk?.free()
  },
}
