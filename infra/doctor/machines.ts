import { ZONE } from '../kubernetes/labels.ts'
import type { ClusterFacts, NodeFact } from './cluster-facts.ts'
import { error, type Finding, listed, warning } from './finding.ts'
import { toleratedBy } from './match.ts'
import type { Needs } from './needs.ts'
import { ATTEMPTS, type Fit, fitOf } from './place.ts'
import type { Obstacle } from './room.ts'

/** Whether the pods of a stack find machines. */
export function machineFindings(needs: Needs, { nodes, pods, claims = [] }: ClusterFacts): readonly Finding[] {
  if (nodes === undefined || pods === undefined) return []
  const empty = emptyZones(needs, nodes)
  if (empty.length > 0) return empty
  const machines = { nodes, pods, claims }
  const fit = fitOf(machines, needs)
  if (fit.verdict === 'does_not_fit')
    return [error('pods_do_not_fit', `${stuckAt(fit, nodes)} Add machines, or make the stack smaller.`, factsOf(fit))]
  if (fit.verdict === 'may_not_fit') {
    const text =
      `It depends on the scheduler whether all pods find a machine: ${fit.successes} of ${ATTEMPTS} attempts succeeded. ` +
      `Otherwise: ${stuckAt(fit, nodes)} Add a machine.`
    return [warning('pods_may_not_fit', text, factsOf(fit))]
  }
  const rollout = needs.passing.map((group) => fitOf(machines, needs, group)).find(({ verdict }) => verdict !== 'fits')
  if (rollout === undefined) return []
  const text = `All pods fit, but a Job or a rollout would have no room. ${stuckAt(rollout, nodes)} Add room for it, or it waits.`
  return [warning('rollout_has_no_room', text, factsOf(rollout))]
}

function emptyZones({ zones, pods }: Needs, nodes: readonly NodeFact[]): readonly Finding[] {
  const usable = nodes.filter((node) => pods.some((pod) => toleratedBy(pod, node)))
  const found = [...new Set(usable.flatMap(({ labels }) => labels[ZONE] ?? []))].sort()
  const missing = zones.filter((zone) => !found.includes(zone))
  if (missing.length === 0) return []
  const text =
    `No machine that takes pods has the label ${ZONE}=${missing.join(' or ')}; zones with machines: ${found.length === 0 ? 'none' : listed(found)}. ` +
    'Correct platform.zones, or add machines there.'
  return [error('zone_without_machines', text, { missing, found })]
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  taint: 'has a taint',
  zone: 'in another zone',
  cpu: 'too little CPU',
  memory: 'too little memory',
  'ephemeral-storage': 'too little ephemeral storage',
  pods: 'has its maximum of pods',
  volume: 'does not reach its volume',
  apart: 'has a pod that must be apart',
  spread: 'would make zones uneven',
}

/** As `bookkeeper-2 finds no machine of 3: in another zone (2), too little CPU (1).` */
function stuckAt({ stuck }: Fit, nodes: readonly NodeFact[]): string {
  if (stuck === undefined) return ''
  if (nodes.length === 0) return `${stuck.pod} finds no machine: the cluster has none.`
  const parts = Object.entries(stuck.obstacles).map(([name, count]) => `${OBSTACLES[name as Obstacle]} (${count})`)
  return `${stuck.pod} finds no machine of ${nodes.length}: ${parts.join(', ')}.`
}

function factsOf({ stuck, successes }: Fit): Finding['facts'] {
  return { pod: stuck?.pod ?? '', successes, ...stuck?.obstacles }
}
