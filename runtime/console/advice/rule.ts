import type { Advice, Figures, InstanceFigures, NamedCount } from '../state.ts'

export type Rule = (figures: Figures, namesInstances: boolean) => Advice | undefined

export function advice(
  rule: string,
  severity: Advice['severity'],
  facts: Advice['facts'],
  title: string,
  text: string,
): Advice {
  return { rule, severity, facts, title, text }
}

export function running(instances: readonly InstanceFigures[], program: 'api' | 'worker'): readonly InstanceFigures[] {
  return instances.filter((instance) => instance.program === program && instance.reason === undefined)
}

export function total(counts: readonly NamedCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}
