import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { labelsOf, selectorOf, type Tier } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'
import type { Edge } from './edges.ts'

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec
type Peers = k8s.types.input.networking.v1.NetworkPolicyPeer[]

/** Denies everything in the namespace, and allows each tier the edges that are drawn for it. */
export class NetworkPolicies extends ComponentResource {
  constructor(
    name: string,
    { site, tiers, edges }: { site: Site; tiers: readonly Tier[]; edges: readonly Edge[] },
    opts: ComponentResourceOptions = {},
  ) {
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
    for (const tier of tiers) policy(`allow-${tier}`, tier, policySpec(tier, edges))
    this.registerOutputs()
  }
}

/** What a tier may take and make. */
function policySpec(tier: Tier, edges: readonly Edge[]): Spec {
  return {
    podSelector: { matchLabels: selectorOf(tier) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: edges
      .filter(({ to }) => to === tier)
      .map(({ from, ports }) => ({ ...peers('from', from), ports: rules(ports) })),
    egress: edges
      .filter(({ from }) => from === tier)
      .map(({ to, ports }) => ({ ...peers('to', to), ports: to === 'dns' ? dnsRules : rules(ports) })),
  }
}

const dnsRules = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
]

function rules(ports: readonly number[]) {
  return ports.map((port) => ({ protocol: 'TCP', port }))
}

function peers(side: 'from' | 'to', end: Edge['from']): { from?: Peers; to?: Peers } {
  if (end === 'anywhere') return {}
  return { [side]: [peer(end)] }
}

function peer(end: Exclude<Edge['from'], 'anywhere'>): k8s.types.input.networking.v1.NetworkPolicyPeer {
  // Prometheus and KEDA may run in any namespace.
  if (end === 'scrapers') return { namespaceSelector: {} }
  if (end === 'dns') return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }
  return { podSelector: { matchLabels: selectorOf(end) } }
}
