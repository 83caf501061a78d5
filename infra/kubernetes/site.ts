import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'

/** What a stack is for. It decides how pods are kept apart, and what is protected. */
export type Environment = GroupOf<'platform'>['environment']

/** Where and how a component is registered. Plain values, because they shape what is registered. */
export interface SiteArgs {
  /** Kubernetes namespace. A `Platform` makes it; every other component needs one that exists. At most 40 letters, digits and -. */
  readonly namespace: string
  /**
   * Value of the label `app.kubernetes.io/part-of`. With `app.kubernetes.io/name` it is what Services, workloads and policies
   * select pods by, so it must differ between components of one namespace, and it can never change.
   *
   * @default the name of the component
   */
  readonly partOf?: string
  /**
   * Value of the label `app.kubernetes.io/instance`, which distinguishes this installation from others. No selector uses it.
   *
   * @default the name of the component
   */
  readonly instance?: string
  /**
   * `dev`, `staging` or `production`. In `production`, pods that hold data never share a machine, and what holds data is
   * protected; in `production` and `staging`, volumes stay when the stack is destroyed.
   *
   * @default 'production'
   */
  readonly environment?: Environment
  /** Zones over which pods are spread, by the node label `topology.kubernetes.io/zone`. @default [] */
  readonly zones?: readonly string[]
  /** StorageClass of the volumes; the default one of the cluster when empty. Fixed. @default '' */
  readonly storageClass?: string
  /** Secret of the namespace with which images are pulled; none when empty. @default '' */
  readonly pullSecret?: string
  /** DNS domain of the cluster. Fixed. @default 'cluster.local' */
  readonly clusterDomain?: string
  /** Whether containers have a limit of CPU: twice what they request, and at least one core. @default true */
  readonly cpuLimits?: boolean
}

/** The same with every default filled in. */
export type Site = Required<SiteArgs>

/** @throws RunError with every value that is out of range. */
export function siteOf(name: string, args: SiteArgs): Site {
  const { namespace, environment, zones, storageClass, clusterDomain, cpuLimits } = withDefaults(name, 'platform', args)
  const { partOf = name, instance = name, pullSecret = '' } = args
  return { namespace, partOf, instance, environment, zones, storageClass, pullSecret, clusterDomain, cpuLimits }
}

/** What the names of Services end with. */
export type Domain = Pick<Site, 'namespace' | 'clusterDomain'>

/** The DNS name of a Service within the cluster. */
export function hostOf({ namespace, clusterDomain }: Domain, service: string): string {
  return `${service}.${namespace}.svc.${clusterDomain}`
}

/** The DNS name of a pod of a StatefulSet. */
export function podHost(site: Domain, service: string, set: string, ordinal: number): string {
  return `${set}-${ordinal}.${hostOf(site, service)}`
}
