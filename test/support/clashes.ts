import type { Registered } from './registered.ts'

type Labels = Readonly<Record<string, string>>

interface Selecting {
  readonly who: string
  readonly namespace: string
  readonly component: string
  readonly labels: Labels
}

const selects = (labels: Labels, pod: Labels) => Object.entries(labels).every(([name, value]) => pod[name] === value)

/**
 * Where the components of a program are in each other's way: two resources of one URN, two objects of one kind and name in a
 * namespace, and objects that select pods of another `part-of`.
 */
export function clashes(resources: readonly Registered[]): readonly string[] {
  const objects = resources.filter(({ type, inputs }) => type.startsWith('kubernetes:') && inputs?.metadata?.name)
  const object = ({ type, inputs }: Registered) => `${type} ${inputs.metadata.namespace ?? ''}/${inputs.metadata.name}`
  return [...twice(resources.map(({ urn }) => urn)), ...twice(objects.map(object)), ...strangers(objects)]
}

function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index)
}

const PART_OF = 'app.kubernetes.io/part-of'

/** What selects a pod that belongs to somebody else. */
function strangers(objects: readonly Registered[]): readonly string[] {
  const pods = objects.flatMap(({ inputs }) => {
    const { spec, metadata } = inputs
    const labels = spec?.template?.metadata?.labels ?? spec?.jobTemplate?.spec?.template?.metadata?.labels
    return labels === undefined
      ? []
      : [{ name: metadata.name, namespace: metadata.namespace, labels: labels as Labels }]
  })
  return objects
    .flatMap(selectorsOf)
    .flatMap(({ who, namespace, component, labels }) =>
      pods
        .filter(
          (pod) => pod.namespace === namespace && pod.labels[PART_OF] !== component && selects(labels, pod.labels),
        )
        .map(({ name }) => `${who} selects ${name}`),
    )
}

/** The selectors in an object, wherever they are. */
function selectorsOf({ type, inputs }: Registered): readonly Selecting[] {
  const { name, namespace, labels } = inputs.metadata
  const found: Labels[] = []
  const visit = (value: unknown, key: string): void => {
    if (typeof value !== 'object' || value === null) return
    const isService = key === 'selector' && type.endsWith(':Service')
    if (isService || key === 'matchLabels') found.push(value as Labels)
    for (const [inner, of] of Object.entries(value)) visit(of, inner)
  }
  visit(inputs.spec, 'spec')
  const component = labels?.[PART_OF]
  return found.map((one) => ({ who: `${type} ${name}`, namespace, component, labels: one }))
}
