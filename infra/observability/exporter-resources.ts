import type { Resources } from '../kubernetes/pod.ts'

/** What the exporter for Elasticsearch takes. It asks when it is asked, and keeps nothing. */
export const EXPORTER_RESOURCES: Resources = { cpuMillicores: 50, memoryMib: 128 }
