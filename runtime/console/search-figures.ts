import type { Config } from '../config.ts'
import { indicesOf } from '../names.ts'
import { type Partitioning, periodEndMs, periodOf } from '../search/indices.ts'
import type { IndexReport } from '../search/retention.ts'
import type { NodeDisk, Observation, Watermark, Watermarks } from './observation.ts'
import type { DiskFigures, Figures, IndexForecast } from './state.ts'

type Settings = Pick<Config, 'indexPrefix' | 'eventPartitioning' | 'indexShards'>

/** A shard of a new index, or one that moves, is in service before that. */
const SETTLES_SECONDS = 10
/** A pace that was kept for less than an hour says nothing about a month. */
const SHORTEST_MS = 3600_000

/**
 * The expected size of the next period's index, if events continue to arrive at the mean rate of the present index.
 *
 * @param shards that the next index will have.
 * @returns `null` when there is no index of the present period, or it is younger than an hour.
 */
export function forecastOf(
  indices: readonly IndexReport[],
  eventAlias: string,
  partitioning: Partitioning,
  shards: number,
  nowMs: number,
): IndexForecast | null {
  const index = `${eventAlias}-${periodOf(nowMs, partitioning)}`
  const present = indices.find(({ name }) => name === index)
  const endMs = periodEndMs(index, eventAlias)
  if (!present || endMs === undefined || nowMs - present.createdAtMs < SHORTEST_MS) return null
  const nextIndex = `${eventAlias}-${periodOf(endMs, partitioning)}`
  const nextMs = (periodEndMs(nextIndex, eventAlias) ?? endMs) - endMs
  const primaryBytes = (present.primaryBytes / (nowMs - present.createdAtMs)) * nextMs
  return { index, nextIndex, primaryBytes, shards }
}

const UNITS: Readonly<Record<string, number>> = { b: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 }

/** Bytes of a size as Elasticsearch writes it: `500mb`, `1.5gb`; `undefined` for what is no size. */
function bytesOf(size: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(b|kb|mb|gb|tb|pb)$/.exec(size.trim().toLowerCase()) ?? []
  return number === undefined ? undefined : Number(number) * 1024 ** (UNITS[unit] as number)
}

/**
 * Bytes that must stay free on a disk for Elasticsearch not to act; `undefined` for a setting that it would not take.
 *
 * @see https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings
 */
export function bytesToStayFree({ limit, maxHeadroom }: Watermark, totalBytes: number): number | undefined {
  const free = bytesOf(limit)
  if (free !== undefined) return free
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(limit.trim()) ?? []
  const used = percent === undefined ? Number(limit) : Number(percent) / 100
  if (limit.trim() === '' || !(used >= 0 && used <= 1)) return undefined
  return Math.min(Math.round(totalBytes * (1 - used)), bytesOf(maxHeadroom) ?? Number.POSITIVE_INFINITY)
}

/** The figures of Elasticsearch, from what was observed. */
export function searchFigures({ search, atMs }: Observation, settings: Settings): Figures['search'] {
  if (!search.ok) {
    const unknown = { status: null, nodes: null, dataNodes: null, activeShards: null, unassignedShards: null }
    return {
      reason: search.reason,
      ...unknown,
      missingShards: [],
      nodesAway: [],
      disks: [],
      indices: [],
      forecast: null,
    }
  }
  const { status, nodes, dataNodes, activeShards, unassignedShards, nodesAway, disks, watermarks, indices } =
    search.value
  const { missingShards, explanation } = search.value
  const { eventPartitioning, indexShards } = settings
  return {
    status,
    nodes,
    dataNodes,
    activeShards,
    unassignedShards,
    missingShards: missingShards?.filter(({ forSeconds }) => forSeconds >= SETTLES_SECONDS) ?? null,
    ...(explanation === undefined ? {} : { explanation }),
    nodesAway,
    disks: disks.filter(({ totalBytes }) => totalBytes > 0).map((disk) => diskFigures(disk, watermarks)),
    indices: indices.map(({ name, documents, bytes, primaryBytes, shards, replicas, health }) => {
      const shardBytes = primaryBytes / shards
      return { name, documents, bytes, primaryBytes, shards, replicas, health, shardBytes }
    }),
    forecast: forecastOf(indices, indicesOf(settings).event, eventPartitioning, indexShards, atMs),
  }
}

function diskFigures({ node, totalBytes, availableBytes }: NodeDisk, watermarks: Watermarks | null): DiskFigures {
  const free = (name: keyof Watermarks) => (watermarks ? (bytesToStayFree(watermarks[name], totalBytes) ?? null) : null)
  return {
    node,
    totalBytes,
    availableBytes,
    lowFreeBytes: free('low'),
    highFreeBytes: free('high'),
    floodStageFreeBytes: free('floodStage'),
  }
}
