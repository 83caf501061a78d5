import type { Config } from '../../runtime/config.ts'
import type { Demand } from '../sizing/demand.ts'
import type { Finding } from '../sizing/limits.ts'
import type { Period } from '../sizing/load.ts'
import type { Facts, ReasonCode, SizedKey } from '../sizing/question.ts'
import type { StackConfig } from './read.ts'

/** Where nodes and programs find snapshots in a shared file system. */
export const SNAPSHOT_FOLDER = '/snapshots'

/** Where a number comes from: the stack, the sizing model, or the default. */
export interface Reason {
  readonly key: SizedKey | 'runtime.EVENT_PARTITIONING'
  readonly value: number | Period
  readonly unit: string
  readonly from: 'stated' | 'derived' | 'default'
  /** What decided it. */
  readonly code: ReasonCode | 'stated' | 'default'
  /** The numbers from which it follows; of a stated one what the load needs. */
  readonly facts: Facts
  readonly reason: string
}

/** Everything a stack is provisioned from: its configuration with every number settled. */
export interface Plan extends Omit<StackConfig, 'runtime'> {
  readonly runtime: Config
  /** What the load asks for; nothing where no load is stated. */
  readonly demand: Demand | undefined
  /** For each number that the model can derive, where it comes from. */
  readonly reasons: readonly Reason[]
  /** Limits that the sizes break at the stated load, and stated numbers that fall short of it. */
  readonly findings: readonly Finding[]
}

/** The numbers that decide which nodes of Elasticsearch hold data. */
export type ElasticsearchSizes = Pick<
  Plan['elasticsearch'],
  'masterNodes' | 'mastersHoldData' | 'dataNodes' | 'warmNodes' | 'dataSet' | 'oldDataSet' | 'oldDataNodes'
>

/** Nodes of Elasticsearch that hold data. */
export function dataHolders({ elasticsearch }: { readonly elasticsearch: ElasticsearchSizes }): number {
  return elasticsearch.dataNodes + (elasticsearch.mastersHoldData ? elasticsearch.masterNodes : 0)
}
