import type { Advice, DiskFigures } from '../state.ts'

/** Share of the disk that may be left before a watermark for it to count as near. */
const NEAR_SHARE = 0.05

interface DiskThreshold {
  readonly freeBytes: number
  readonly severity: Advice['severity']
  readonly follows: string
}

interface FilledDisk {
  readonly disk: DiskFigures
  readonly mark: DiskThreshold
  /** Bytes above the threshold; negative when it is passed. */
  readonly spareBytes: number
}

/** The fullest of the disks that are near a limit or past one, and how many are. */
export function fullestDisk(
  disks: readonly DiskFigures[],
): (FilledDisk & { readonly near: number; readonly isFlooded: boolean }) | undefined {
  const near = disks.flatMap((disk) => nearestThreshold(disk) ?? [])
  const freeShare = ({ disk }: FilledDisk) => disk.availableBytes / disk.totalBytes
  const [worst] = near.sort((one, other) => freeShare(one) - freeShare(other))
  if (!worst) return undefined
  const isFlooded = worst.disk.availableBytes <= (worst.disk.floodStageFreeBytes ?? -1)
  return { ...worst, near: near.length, isFlooded }
}

/** The gravest limit that a disk has passed, or else the first that it comes near to. */
function nearestThreshold(disk: DiskFigures): FilledDisk | undefined {
  const mark = (freeBytes: number | null, severity: Advice['severity'], follows: string): DiskThreshold[] =>
    freeBytes === null ? [] : [{ freeBytes, severity, follows }]
  const marks = [
    ...mark(disk.floodStageFreeBytes, 'act', 'Elasticsearch blocks writes to the indices on it'),
    ...mark(disk.highFreeBytes, 'act', 'Elasticsearch moves shards away from it'),
    ...mark(disk.lowFreeBytes, 'watch', 'Elasticsearch assigns no new shards to it'),
  ]
  const spare = ({ freeBytes }: DiskThreshold) => disk.availableBytes - freeBytes
  const passed = marks.find((one) => spare(one) <= 0)
  const near = marks.findLast((one) => spare(one) <= disk.totalBytes * NEAR_SHARE)
  const found = passed ?? near
  if (!found) return undefined
  const severity = found === passed ? found.severity : 'watch'
  return { disk, mark: { ...found, severity }, spareBytes: spare(found) }
}
