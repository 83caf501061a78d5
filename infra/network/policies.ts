import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf, type Tier } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'
import type { Edge, Outside } from './edges.ts'

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec
type Peers = k8s.types.input.networking.v1.NetworkPolicyPeer[]

export interface NetworkPoliciesArgs {
  readonly site: Site
  readonly tiers: readonly Tier[]
  readonly edges: readonly Edge[]
  readonly named: NamedPods
}

/** Pods of other namespaces that the stack names; in each namespace all, or those with the labels. */
export type NamedPods = Readonly<
  Partial<
    Record<
      Outside,
      { readonly namespaces: readonly string[]; readonly labels?: Readonly<Record<string, string>> | undefined }
    >
  >
>

/** Denies everything in the namespace, and allows each tier the edges that are drawn for it. */
export class NetworkPolicies extends ComponentResource {
  constructor(name: string, { site, tiers, edges, named }: NetworkPoliciesArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:network:NetworkPolicies', name, {}, opts)
    const policy = (policyName: string, tier: Tier | undefined, spec: Spec) =>
      new k8s.networking.v1.NetworkPolicy(
        policyName,
        {
          metadata: { name: policyName, namespace: site.namespace, ...(tier ? { labels: labelsOf(tier) } : {}) },
          spec,
        },
        { parent: this },
      )
    policy('default-deny', undefined, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    for (const tier of tiers) policy(`allow-${tier}`, tier, policySpec(tier, edges, named))
    this.registerOutputs()
  }
}

/** What a tier may take and make. */
function policySpec(tier: Tier, edges: readonly Edge[], named: NamedPods): Spec {
  return {
    podSelector: { matchLabels: selectorOf(tier) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: edges
      .filter(({ to }) => to === tier)
      .map(({ from, ports }) => ({ ...side('from', peers(from, named)), ports: rules(ports) })),
    egress: edges
      .filter(({ from }) => from === tier)
      .map(({ to, ports }) => ({
        ...side('to', peers(to, named)),
        ports: to === 'dns' ? DNS_RULES : rules(ports),
      })),
  }
}

const DNS_RULES = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
]

function rules(ports: readonly number[]) {
  return ports.map((port) => ({ protocol: 'TCP', port }))
}

/** No peers are all peers, for the API server as for us. */
function side(name: 'from' | 'to', ends: Peers): { from?: Peers; to?: Peers } {
  return ends.length === 0 ? {} : { [name]: ends }
}

/** The address of a cache of names on the node itself, where a cluster has one (NodeLocal DNSCache). */
const NODE_LOCAL_DNS = '169.254.20.10/32'

function peers(end: Edge['from'], named: NamedPods): Peers {
  if (end === 'anywhere') return []
  // Clusters run their DNS in namespaces of different names.
  if (end === 'dns') return [{ namespaceSelector: {} }, { ipBlock: { cidr: NODE_LOCAL_DNS } }]
  if (end !== 'scrapers' && end !== 'operators' && end !== 'keda')
    return [{ podSelector: { matchLabels: selectorOf(end) } }]
  const { namespaces = [], labels = {} } = named[end] ?? {}
  const values = [...namespaces]
  return [
    {
      // No name is nobody: an empty list of values would be refused, and an empty selector would be every namespace.
      namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] },
      ...(Object.keys(labels).length > 0 ? { podSelector: { matchLabels: { ...labels } } } : {}),
    },
  ]
}
