import type { ClusterFacts } from './cluster-facts.ts'
import { error, type Finding, listed, unknown, warning } from './finding.ts'
import type { Needs } from './needs.ts'

/** `unhealthyPodEvictionPolicy` and `persistentVolumeClaimRetentionPolicy`, which the stack sets, are served from there on. */
const OLDEST = [1, 27] as const

/** Whether the cluster serves what the objects of a stack are. */
export function serviceFindings(needs: Needs, facts: ClusterFacts): readonly Finding[] {
  return [
    ...versionFindings(facts),
    ...kindFindings(needs, facts),
    ...ingressFindings(needs, facts),
    ...metricsFindings(needs, facts),
    ...neighbourFindings(needs, facts),
    ...(needs.memoryMap
      ? [
          unknown(
            'max_map_count_unknown',
            'elasticsearch.memoryMap needs vm.max_map_count of 1048576 on the machines. The API does not show it: run `sysctl vm.max_map_count` there.',
          ),
        ]
      : []),
  ]
}

function versionFindings({ version }: ClusterFacts): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return []
  const text = `Kubernetes is ${version}; the stack needs ${OLDEST.join('.')} or later. Upgrade the cluster.`
  return [error('kubernetes_too_old', text, { version })]
}

/** Which operator brings a kind. */
const OPERATORS: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': 'the CRDs of the Prometheus operator, or set observability.monitors to none',
  'keda.sh': 'KEDA, or choose another workers.autoscaling',
}

function kindFindings({ kinds }: Needs, facts: ClusterFacts): readonly Finding[] {
  const { kinds: served, groups } = facts
  if (served === undefined || groups === undefined) return []
  const missing = kinds.filter(
    ({ group, version, kind }) => OPERATORS[group] !== undefined && !served.includes(`${group}/${version}/${kind}`),
  )
  return [...new Set(missing.map(({ group }) => group))].map((group) => {
    const names = missing
      .filter((each) => each.group === group)
      .map(({ kind, version }) => `${group}/${version} ${kind}`)
    return error('kind_not_served', `The cluster does not serve ${names.join(', ')}. Install ${OPERATORS[group]}.`, {
      names,
    })
  })
}

function ingressFindings({ ingressClasses }: Needs, { ingressClasses: served }: ClusterFacts): readonly Finding[] {
  if (served === undefined) return []
  const known = served.map(({ name }) => name)
  const there = `the cluster has ${known.length === 0 ? 'none' : listed(known)}`
  return ingressClasses
    .filter((name) => !served.some((each) => (name === '' ? each.isDefault : each.name === name)))
    .map((name) =>
      name === ''
        ? error(
            'ingress_class_default_missing',
            `No IngressClass is the default one; ${there}. State api.ingressClass.`,
            { known },
          )
        : error(
            'ingress_class_missing',
            `There is no IngressClass ${name}; ${there}. Correct api.ingressClass, or install its controller.`,
            {
              name,
              known,
            },
          ),
    )
}

/** What serves each of them. */
const ADAPTERS = { 'metrics.k8s.io': 'metrics-server', 'custom.metrics.k8s.io': 'prometheus-adapter' } as const

function metricsFindings({ metrics }: Needs, { groups }: ClusterFacts): readonly Finding[] {
  if (groups === undefined) return []
  return metrics
    .filter((group) => !groups.includes(group))
    .map((group) =>
      warning(
        'metrics_not_served',
        `The cluster does not serve ${group}, so the autoscaler stays at its minimum. Install ${ADAPTERS[group]}.`,
        {
          group,
        },
      ),
    )
}

/** Whether pods of other namespaces are where the network policies let them in. */
function neighbourFindings(needs: Needs, { pods, namespaces }: ClusterFacts): readonly Finding[] {
  const absent = needs.monitoringNamespaces.filter((name) => namespaces !== undefined && !namespaces.includes(name))
  const operators = pods?.filter(({ labels }) => labels['app'] === 'keda-operator').map(({ namespace }) => namespace)
  const expected = needs.kedaNamespace
  return [
    ...absent.map((name) =>
      warning(
        'monitoring_namespace_missing',
        `There is no namespace ${name}, so nobody reads metrics. Correct platform.monitoringNamespaces.`,
        {
          name,
        },
      ),
    ),
    ...(expected !== undefined && operators !== undefined && !operators.includes(expected)
      ? [
          warning(
            'keda_elsewhere',
            `No pod with app=keda-operator runs in ${expected}${operators.length === 0 ? '' : `, but in ${listed(operators)}`}, so KEDA cannot ask for the backlog. Correct workers.kedaNamespace.`,
            { expected, found: operators },
          ),
        ]
      : []),
  ]
}
