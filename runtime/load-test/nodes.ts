import type { Client } from '@elastic/elasticsearch'
import type { NodesInterval } from './record.ts'

/** A node of Elasticsearch that holds data, at one moment. */
export interface NodeReading {
  readonly atMs: number
  readonly cpuMs: number
  readonly processors: number
  readonly operations: number
  readonly writeQueue: number
  readonly writeRejected: number
}

/** By the id of the node. */
export type NodeReadings = ReadonlyMap<string, NodeReading>

interface NodeStats {
  readonly roles?: readonly string[]
  readonly process?: { readonly cpu?: { readonly total_in_millis?: number } }
  readonly indices?: { readonly indexing?: { readonly index_total?: number } }
  readonly thread_pool?: { readonly write?: { readonly queue?: number; readonly rejected?: number } }
}

const STATS = ['roles', 'process.cpu.total_in_millis', 'indices.indexing.index_total', 'thread_pool.write']

/** Reads them. Needs the privilege `monitor`. */
export async function readNodes(client: Client): Promise<NodeReadings> {
  const [stats, info] = await Promise.all([
    client.nodes.stats({
      metric: ['process', 'indices', 'thread_pool'],
      filter_path: STATS.map((field) => `nodes.*.${field}`),
    } as never),
    client.nodes.info({ metric: 'os', filter_path: 'nodes.*.os.allocated_processors' } as never),
  ])
  const atMs = performance.now()
  const processors = info.nodes as Record<string, { os?: { allocated_processors?: number } }> | undefined
  return new Map(
    Object.entries((stats.nodes ?? {}) as Record<string, NodeStats>)
      .filter(([, { roles }]) => roles?.some((role) => role.startsWith('data')))
      .map(([id, { process, indices, thread_pool }]) => [
        id,
        {
          atMs,
          cpuMs: process?.cpu?.total_in_millis ?? 0,
          processors: processors?.[id]?.os?.allocated_processors ?? 1,
          operations: indices?.indexing?.index_total ?? 0,
          writeQueue: thread_pool?.write?.queue ?? 0,
          writeRejected: thread_pool?.write?.rejected ?? 0,
        },
      ]),
  )
}

/** What the nodes did between two readings; nothing when none was read twice. */
export function nodesBetween(before: NodeReadings, after: NodeReadings): NodesInterval | undefined {
  const pairs = [...after].flatMap(([id, reading]) => {
    const earlier = before.get(id)
    // A restarted node counts from 0 again: nothing is known about the time in between.
    return earlier !== undefined && earlier.cpuMs <= reading.cpuMs ? [{ before: earlier, after: reading }] : []
  })
  if (pairs.length === 0) return undefined
  const grown = (of: (reading: NodeReading) => number) =>
    pairs.reduce((sum, pair) => sum + Math.max(0, of(pair.after) - of(pair.before)), 0)
  return {
    cores: pairs.map((pair) => (pair.after.cpuMs - pair.before.cpuMs) / (pair.after.atMs - pair.before.atMs)),
    processors: pairs.map((pair) => pair.after.processors),
    operations: grown(({ operations }) => operations),
    writeQueue: Math.max(...pairs.map((pair) => pair.after.writeQueue)),
    writeRejected: grown(({ writeRejected }) => writeRejected),
  }
}
