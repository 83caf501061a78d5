import type { Config } from '../../runtime/config.ts'
import type { SizedKey } from '../sizing/model.ts'
import type { StackConfig } from './read.ts'

/** Where a number comes from: the stack, the sizing model, or the default. */
export interface Reason {
  readonly key: SizedKey
  readonly value: number
  readonly unit: string
  readonly from: 'stated' | 'derived' | 'default'
  readonly reason: string
}

/** Everything a stack is provisioned from: its configuration with every number settled. */
export interface Plan extends Omit<StackConfig, 'runtime'> {
  readonly runtime: Config
  /** For each number that the model can derive, where it comes from. */
  readonly reasons: readonly Reason[]
  /** Stated numbers that fall short of what the stated load needs. */
  readonly warnings: readonly string[]
}

/** The numbers that decide which nodes of Elasticsearch hold data. */
export type ElasticsearchSizes = Pick<Plan['elasticsearch'], 'masterNodes' | 'mastersHoldData' | 'dataNodes'>

/** Nodes of Elasticsearch that hold data. */
export function dataHolders({ elasticsearch }: { readonly elasticsearch: ElasticsearchSizes }): number {
  return elasticsearch.dataNodes + (elasticsearch.mastersHoldData ? elasticsearch.masterNodes : 0)
}
