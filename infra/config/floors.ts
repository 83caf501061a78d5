import type { Floor } from '../sizing/load.ts'
import type { StackConfig } from './read.ts'

/** The least of everything that an environment allows. */
export interface Floors extends Floor {
  readonly zookeepers: number
  readonly masterNodes: number
  readonly indexReplicas: number
  readonly ackQuorum: number
  readonly retentionHours: number
}

const ONE_OF_EACH: Floors = {
  apiReplicas: 1,
  workerReplicas: 1,
  brokers: 1,
  bookies: 1,
  bookieMemoryMib: 768,
  dataNodes: 0,
  zookeepers: 1,
  masterNodes: 1,
  indexReplicas: 0,
  ackQuorum: 1,
  retentionHours: 0,
}

/**
 * What production starts at: the ten replicas of the API that Tracardi's page on scaling advises, and of everything that
 * holds data so many that the loss of one machine loses nothing and stops nothing.
 */
const PRODUCTION: Floors = {
  apiReplicas: 10,
  workerReplicas: 2,
  brokers: 2,
  bookies: 3,
  bookieMemoryMib: 4096,
  dataNodes: 2,
  zookeepers: 3,
  masterNodes: 3,
  indexReplicas: 1,
  ackQuorum: 2,
  // A fault of the night is noticed in the morning.
  retentionHours: 6,
}

/** The least counts of an environment: one of each, but in production. */
export function floorsOf(environment: StackConfig['platform']['environment']): Floors {
  return environment === 'production' ? PRODUCTION : ONE_OF_EACH
}
