/** How the memory of a pod is divided. All three add up to the limit at most. */
export interface JvmMemory {
  readonly heapMib: number
  readonly directMib: number
  /** Threads, metaspace, code, garbage collector, and what native libraries take. */
  readonly overheadMib: number
}

/** The JVMs, with the part of heap and direct memory that is heap. */
const HEAP_PART = {
  // ZooKeeper keeps its tree on the heap.
  zookeeper: 0.8,
  // Write and read caches of the ledgers are direct memory.
  bookkeeper: 0.4,
  autorecovery: 0.6,
  // Entries on their way are direct memory.
  broker: 0.45,
  proxy: 0.5,
} as const

export type Jvm = keyof typeof HEAP_PART

/** The least that a JVM of Pulsar needs besides heap and direct memory, and the part of a larger limit. */
const OVERHEAD = { leastMib: 224, part: 0.22 }

/**
 * Heap and direct memory of a JVM that fit into a memory limit, with room for what else it needs.
 *
 * @param limitMib memory limit of the container, 512 MiB or more.
 */
export function jvmMemory(jvm: Jvm, limitMib: number): JvmMemory {
  const overheadMib = Math.max(OVERHEAD.leastMib, Math.ceil(limitMib * OVERHEAD.part))
  const rest = limitMib - overheadMib
  const heapMib = Math.floor(rest * HEAP_PART[jvm])
  return { heapMib, directMib: rest - heapMib, overheadMib }
}

/** JVM flags of Pulsar that enforce these limits; the JVM exits on OutOfMemoryError. */
export function jvmOptions({ heapMib, directMib }: JvmMemory): string {
  return `-Xms${heapMib}m -Xmx${heapMib}m -XX:MaxDirectMemorySize=${directMib}m -XX:+ExitOnOutOfMemoryError`
}

/**
 * Memory limit of a node of Elasticsearch: twice its heap, as Elastic advises. Elasticsearch takes half of the heap as
 * direct memory, so that a quarter of the limit is left for the rest and for the file system's cache.
 */
export function elasticsearchLimitMib(heapMib: number): number {
  return 2 * heapMib
}

/** Old generation of a Node.js program: the bodies that wait lie outside of it. */
export function nodeHeapMib(limitMib: number): number {
  return Math.floor(limitMib * 0.6)
}
