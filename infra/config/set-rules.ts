import type { Plan } from './resolved.ts'
import { type Rule, rule } from './rule.ts'

/** The keys of servers of which one set may replace another. */
interface SetKeys<P> {
  readonly group: 'bookkeeper' | 'elasticsearch'
  /** What the servers are called. */
  readonly servers: string
  /** Name of the set, of the one that goes, and how many servers that one has. */
  readonly set: string
  readonly old: string
  readonly count: string
  readonly valuesOf: (plan: P) => { readonly set: string; readonly old: string; readonly count: number }
  /** What must be stated of a set that goes: what is not stated would be changed. */
  readonly stated: readonly string[]
}

type BookieKeys = { readonly bookkeeper: Pick<Plan['bookkeeper'], 'set' | 'oldSet' | 'oldReplicas'> }
type DataKeys = { readonly elasticsearch: Pick<Plan['elasticsearch'], 'dataSet' | 'oldDataSet' | 'oldDataNodes'> }

const BOOKIES: SetKeys<BookieKeys> = {
  group: 'bookkeeper',
  servers: 'bookies',
  ...{ set: 'set', old: 'oldSet', count: 'oldReplicas' },
  valuesOf: ({ bookkeeper: b }) => ({ set: b.set, old: b.oldSet, count: b.oldReplicas }),
  stated: ['oldReplicas', 'oldJournalGib', 'oldLedgersGib'],
}

const DATA_NODES: SetKeys<DataKeys> = {
  group: 'elasticsearch',
  servers: 'data nodes',
  ...{ set: 'dataSet', old: 'oldDataSet', count: 'oldDataNodes' },
  valuesOf: ({ elasticsearch: e }) => ({ set: e.dataSet, old: e.oldDataSet, count: e.oldDataNodes }),
  stated: ['oldDataNodes', 'oldDataGib', 'oldHeapGib'],
}

/** What holds for sets, in a stack or in a component alone. */
function shapeRules<P>({ group, servers, set, old, count, valuesOf }: SetKeys<P>): readonly Rule<P>[] {
  return [
    rule(
      'old_set_stays',
      (plan) => ({ key: `${group}.${old}`, set: valuesOf(plan).old }),
      (plan) => {
        const values = valuesOf(plan)
        return values.old !== '' && values.old === values.set
          ? `${group}.${old} and ${group}.${set} are ${values.set}; a set goes only next to another one: give ${group}.${set} another name, or remove ${group}.${old}`
          : undefined
      },
    ),
    rule(
      'old_set_unnamed',
      (plan) => ({ key: `${group}.${count}`, count: valuesOf(plan).count }),
      (plan) => {
        const values = valuesOf(plan)
        return values.old === '' && values.count > 0
          ? `${group}.${count} is ${values.count}, and ${group}.${old} is empty: name the set of ${servers} that goes, or remove the keys of it`
          : undefined
      },
    ),
  ]
}

/** What a stack states of a set that goes. */
function statedRule({ group, servers, old, valuesOf, stated }: SetKeys<Plan>): Rule {
  const missing = (plan: Plan) =>
    valuesOf(plan).old === '' ? [] : stated.map((key) => `${group}.${key}`).filter((key) => !plan.stated.has(key))
  return rule(
    'old_set_incomplete',
    (plan) => ({ set: valuesOf(plan).old, keys: missing(plan) }),
    (plan) => {
      const keys = missing(plan)
      return keys.length === 0
        ? undefined
        : `${group}.${old} is ${valuesOf(plan).old}, and ${keys.join(', ')} ${keys.length === 1 ? 'is' : 'are'} not stated: state what its ${servers} have now, so that nothing of them changes`
    },
  )
}

export const bookieSetShape = shapeRules(BOOKIES)
export const dataSetShape = shapeRules(DATA_NODES)
export const bookieSetStated = statedRule(BOOKIES)
export const dataSetStated = statedRule(DATA_NODES)
