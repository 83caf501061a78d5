import type { Registered } from './registered.ts'

// biome-ignore lint/suspicious/noExplicitAny: any kind of object of Kubernetes
type Any = any

/** Every pod template of a stack, by the name of what makes the pods. */
export function podTemplates(
  resources: readonly Registered[],
): readonly { name: string; kind: string; spec: Any; metadata: Any }[] {
  return resources
    .map(({ inputs, type }) => ({ inputs, type, template: templateOf(inputs) }))
    .filter(({ template }) => template?.spec)
    .map(({ inputs, type, template }) => ({
      name: inputs.metadata.name,
      kind: (type.split(':').at(-1) as string).replace('CronJob', 'Job'),
      spec: template.spec,
      metadata: template.metadata,
    }))
}

const templateOf = (inputs: Any): Any => inputs?.spec?.template ?? inputs?.spec?.jobTemplate?.spec?.template

export const containersOf = (spec: Any): readonly Any[] => [...(spec.initContainers ?? []), ...spec.containers]

export const ofType = (resources: readonly Registered[], kind: string): readonly Registered[] =>
  resources.filter(({ type }) => type.endsWith(`:${kind}`))

export const mib = (quantity: string): number => {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? []
  return Number(number) * (unit === 'Gi' ? 1024 : 1)
}
