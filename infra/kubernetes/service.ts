import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf } from './labels.ts'
import type { Site } from './site.ts'
import type { Tier } from './tiers.ts'

export interface ServiceArgs {
  readonly tier: Tier
  readonly name: string
  readonly ports: Readonly<Record<string, number>>
  /** `headless` gives each pod a name, before it is ready too, so that the members of a cluster find each other. */
  readonly type: 'headless' | 'ClusterIP' | 'LoadBalancer'
  /** From where a load balancer takes connections; from everywhere when empty. */
  readonly sourceRanges?: readonly string[]
  /** Also an address of the other family, where the cluster has both. Only where pods are not found one by one. */
  readonly dualStack?: true
}

/** A Service over the pods of a tier. */
export function service(site: Site, args: ServiceArgs, opts: CustomResourceOptions): k8s.core.v1.Service {
  return new k8s.core.v1.Service(
    args.name,
    {
      metadata: {
        name: args.name,
        namespace: site.namespace,
        labels: labelsOf(site, args.tier),
        // Whether pods are ready is waited for where they are made.
        annotations: { 'pulumi.com/skipAwait': 'true' },
      },
      spec: {
        type: args.type === 'headless' ? 'ClusterIP' : args.type,
        ...(args.type === 'headless' ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}),
        ...(args.dualStack ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
        ...(args.sourceRanges?.length ? { loadBalancerSourceRanges: [...args.sourceRanges] } : {}),
        selector: selectorOf(site, args.tier),
        ports: Object.entries(args.ports).map(([name, port]) => ({ name, port, targetPort: port, protocol: 'TCP' })),
      },
    },
    opts,
  )
}
