import type { StackConfig } from '../config/read.ts'

/** Where and how everything of a stack is registered. All of it is known when the program runs. */
export interface Site {
  readonly environment: StackConfig['platform']['environment']
  readonly namespace: string
  readonly zones: readonly string[]
  readonly storageClass: string
  readonly pullSecret: string
  readonly cpuLimits: boolean
}

/** The DNS name of a Service within the cluster. */
export function hostOf(site: Pick<Site, 'namespace'>, service: string): string {
  return `${service}.${site.namespace}.svc.cluster.local`
}

/** The DNS name of a pod of a StatefulSet. */
export function podHost(site: Pick<Site, 'namespace'>, service: string, set: string, ordinal: number): string {
  return `${set}-${ordinal}.${hostOf(site, service)}`
}
