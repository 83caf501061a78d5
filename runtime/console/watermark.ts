import type { Watermark } from './observation.ts'

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
