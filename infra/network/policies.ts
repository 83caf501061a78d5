import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf } from '../kubernetes/labels.ts'
import { type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import type { Outside, Tier } from '../kubernetes/tiers.ts'
import type { Edge } from './edges.ts'

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec
type Peers = k8s.types.input.networking.v1.NetworkPolicyPeer[]

export interface NetworkPoliciesArgs extends SiteArgs {
  /** Those that the namespace has. A pod of any other tier reaches nothing, and is reached by nothing. */
  readonly tiers: readonly Tier[]
  /** Every connection that is allowed, see `edgesOf`. */
  readonly edges: readonly Edge[]
  /** Pods of other namespaces that are let in. @default none */
  readonly named?: NamedPods
  /** What the names of the policies begin with. @default the name of the component and `-` */
  readonly prefix?: string
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
  constructor(name: string, args: NetworkPoliciesArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:network:NetworkPolicies', name, {}, opts)
    const { tiers, edges, named = {}, prefix = `${name}-` } = args
    const site = siteOf(name, args)
    const policy = (suffix: string, tier: Tier | undefined, spec: Spec) => {
      const policyName = `${prefix}${suffix}`
      const labels = tier ? { labels: labelsOf(site, tier) } : {}
      const metadata = { name: policyName, namespace: site.namespace, ...labels }
      return new k8s.networking.v1.NetworkPolicy(policyName, { metadata, spec }, { parent: this })
    }
    policy('default-deny', undefined, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    for (const tier of tiers) policy(`allow-${tier}`, tier, policySpec(site, tier, edges, named))
    this.registerOutputs()
  }
}

/** What a tier may take and make. */
function policySpec(site: Site, tier: Tier, edges: readonly Edge[], named: NamedPods): Spec {
  return {
    podSelector: { matchLabels: selectorOf(site, tier) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: edges
      .filter(({ to }) => to === tier)
      .map(({ from, ports }) => ({ ...side('from', peers(site, from, named)), ports: rules(ports) })),
    egress: edges
      .filter(({ from }) => from === tier)
      .map(({ to, ports }) => ({
        ...side('to', peers(site, to, named)),
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

function peers(site: Site, end: Edge['from'], named: NamedPods): Peers {
  if (end === 'anywhere') return []
  // Clusters run their DNS in namespaces of different names.
  if (end === 'dns') return [{ namespaceSelector: {} }, { ipBlock: { cidr: NODE_LOCAL_DNS } }]
  if (end !== 'scrapers' && end !== 'operators' && end !== 'keda')
    return [{ podSelector: { matchLabels: selectorOf(site, end) } }]
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
