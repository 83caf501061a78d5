/**
 * How Node.js collects garbage in API and worker, the same here as in their image. Both read and write much and keep
 * little: every message and every body is a buffer outside of the heap, and those that wait for a receipt outlive a young
 * generation which is derived from a small heap. Without these options half of a worker's CPU time was marking, and the API
 * took half as much memory again; `bench/README.md` has the figures.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=6', '--heap-growing-percent=70']

/**
 * One arena of glibc for all threads. Each thread of the native client gets one of its own otherwise, and what is freed in one is of no
 * use to another: 20 MB more, for nothing that was measured.
 */
export const MALLOC_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' }
