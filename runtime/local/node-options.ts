/**
 * How Node.js collects garbage in API and worker, the same here as in their image. Both read and write much and keep
 * little: every message and every body is a buffer outside of the heap, and those that wait for a receipt outlive a young
 * generation which is derived from a small heap. Without these options half of a worker's CPU time was marking, and the API
 * took half as much memory again; `bench/README.md` has the figures.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=100']
