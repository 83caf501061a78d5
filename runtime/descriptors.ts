import { readFileSync } from 'node:fs'

/** What a program needs besides its clients: probes, Pulsar, Elasticsearch, files. An idle API has about 50 open. */
const RESERVED = 100
/** The maximum with more descriptors: an idle connection takes up to 16 KiB, all of these 160 MiB. */
const MAX_DERIVED = 10_000
const MIN = 10

/**
 * The number of connections that a listener takes, so that descriptors are left for everything else.
 *
 * @param stated the number that is configured; 0: as many as descriptors allow, at most 10,000.
 * @param descriptors the limit of this process; `undefined` where it is unknown.
 */
export function maxConnections(stated: number, descriptors: number | undefined): number {
  const possible = Math.max(MIN, (descriptors ?? Number.POSITIVE_INFINITY) - RESERVED)
  return Math.min(stated || MAX_DERIVED, possible)
}

/** The limit of this process on open files, sockets included (RLIMIT_NOFILE); `undefined` if the system does not report it. */
export function descriptorLimit(read: () => string = readLimits): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(read())?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    // Only Linux has the file.
    return undefined
  }
}

function readLimits(): string {
  return readFileSync('/proc/self/limits', 'utf8')
}
