import { statfsSync } from 'node:fs'
import { AppError } from '../errors.ts'

const GB = 1_000_000_000

/** Downloads, unpacked servers (0.7 GB) and room for both servers to work: Elasticsearch stops writing below 0.25 GB. */
export const MIN_FREE_BYTES: number = 3 * GB

export function freeDiskBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** @throws AppError `local_run` when the disk of the folder is too full to begin. */
export function requireFreeDisk(folder: string, freeBytes: number = freeDiskBytes(folder)): void {
  if (freeBytes >= MIN_FREE_BYTES) return
  throw new AppError(
    'local_run',
    `The disk of ${folder} has ${gigabytes(freeBytes)} GB free; the run needs at least ${gigabytes(MIN_FREE_BYTES)} GB. ` +
      'Free some space, or set TRACARDI_HOME to a folder on another disk.',
    { context: { folder, freeBytes, minFreeBytes: MIN_FREE_BYTES } },
  )
}

/** Rounded down, so that the message never says that there is as much as is needed. */
function gigabytes(bytes: number): string {
  return (Math.floor((bytes / GB) * 10) / 10).toFixed(1)
}
