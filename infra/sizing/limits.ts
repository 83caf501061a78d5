import { bytes, counted, figure } from './figures.ts'
import { fittingPeriod, PERIOD_DAYS } from './load.ts'
import type { Derived, Question, SizedKey, Stated } from './question.ts'
import { MAX_SHARDS, neededShards, periodBytes, shardCopies, shardsForSize } from './shards.ts'

/** A limit that the sizes of a stack break, or come too close to. */
export interface Finding {
  readonly code: FindingCode
  /** `error`: the stack will fail or slow down at this load. `warning`: it costs more than it must, or bears less. */
  readonly level: 'error' | 'warning'
  /** The key and the numbers by which it is broken. */
  readonly facts: FindingFacts
  /** What is the matter, with the numbers in it, and what to do. */
  readonly message: string
}

type FindingFacts = Readonly<Record<string, string | number>>

interface Code {
  readonly level: Finding['level']
  readonly meaning: string
}

/** Every code. */
export const FINDING_CODES = {
  shards_too_large: { level: 'error', meaning: 'A shard outgrows 50 GB at the end of its period.' },
  shards_too_small: { level: 'warning', meaning: 'Many shards stay below 10 GB: each costs memory for nothing.' },
  shard_limit: { level: 'error', meaning: 'An index needs more than the 1,024 shards that Elasticsearch allows.' },
  shards_per_node: {
    level: 'error',
    meaning: 'There are more than 1,000 shards a data node, and Elasticsearch makes no new index.',
  },
  retention_shorter_than_period: {
    level: 'warning',
    meaning: 'An index is deleted as a whole, so events stay for longer than asked, and the disks are paid for.',
  },
  retention_without_expiry: {
    level: 'warning',
    meaning: 'Events have a retention, and nothing deletes them: disks fill.',
  },
  expiry_too_slow: { level: 'error', meaning: 'More sessions or profiles expire a day than a night can delete.' },
  masters_too_small: { level: 'warning', meaning: 'The masters have too little memory for the shards and nodes.' },
  autoscaling_without_headroom: {
    level: 'warning',
    meaning: 'The maximum of a scaler is what the peak needs already.',
  },
  count_below_need: { level: 'warning', meaning: 'A stated count is less than the load needs.' },
  cpu_below_need: { level: 'warning', meaning: 'Stated CPU is less than the load needs.' },
  memory_below_need: { level: 'warning', meaning: 'Stated memory is less than the load needs.' },
  disk_below_need: { level: 'warning', meaning: 'A stated disk is less than the load needs.' },
  one_cluster: { level: 'warning', meaning: 'There are more than 100 data nodes: one cluster should not carry that.' },
  no_copies: { level: 'warning', meaning: 'A loss is to be survived, and there is one copy of each event only.' },
} as const satisfies Record<string, Code>

export type FindingCode = keyof typeof FINDING_CODES

function found(code: FindingCode, facts: FindingFacts, message: string): Finding {
  return { code, level: FINDING_CODES[code].level, facts, message }
}

/** What the stack has, which the model does not derive. */
export interface Setting {
  /** Whether old indices are deleted; `undefined` for an Elasticsearch that is not of the stack. */
  readonly expires: boolean | undefined
  /** Whether dedicated masters are of the stack. */
  readonly dedicatedMasters: boolean
  readonly apiScales: boolean
  readonly workersScale: boolean
}

/** `cluster.max_shards_per_node` of Elasticsearch: beyond it no new index is made. */
const MAX_SHARDS_PER_NODE = 1000
/**
 * Hours after which the nightly job is stopped. Sessions are deleted one by one: a hundred million of them take some two
 * hours. What is left waits for the next night.
 */
export const MOST_NIGHT_HOURS = 6
/** Indices from which small shards weigh on the masters. */
const MANY_INDICES = 100

type Values = Readonly<Record<SizedKey, number>>

/**
 * Every limit that is broken.
 *
 * @param values of the stack as it will run: the stated number where there is one.
 * @param stated numbers that the stack states itself.
 */
export function brokenLimits(
  question: Question,
  derived: readonly Derived[],
  values: Values,
  stated: Stated,
  setting: Setting,
): readonly Finding[] {
  return [
    ...shardFindings(question, values),
    ...periodFindings(question, values),
    ...(setting.expires === undefined ? [] : clusterFindings(question, values, setting)),
    ...headroom(derived, values, setting),
    ...shortfalls(stated, derived, setting),
  ]
}

function shardFindings(question: Question, values: Values): readonly Finding[] {
  const { c, demand, shape } = question
  const event = { key: 'runtime.ELASTIC_INDEX_SHARDS', name: `an event index of a ${shape.eventPartitioning}` } as const
  const state = { key: 'runtime.ELASTIC_STATE_SHARDS', name: 'the index of sessions or profiles' } as const
  const content = { event: periodBytes(question), state: Math.max(demand.sessionBytes, demand.profileBytes) }
  return [
    { ...event, content: content.event, remedy: 'shorten EVENT_PARTITIONING, or state more shards' },
    { ...state, content: content.state, remedy: 'state more shards before the first event, or a lower load.stateDays' },
  ].flatMap(({ key, name, content: all, remedy }) => {
    const shards = values[key]
    const needed = shardsForSize(all, c)
    const size = all / shards
    return [
      ...(size > c.maxShardBytes * (1 + 1e-9)
        ? [
            found(
              'shards_too_large',
              { key, shards, shardBytes: size, most: c.maxShardBytes },
              `a shard of ${name} reaches ${bytes(size)} with ${counted(shards, 'shard')}; at most ${bytes(c.maxShardBytes)}: ${remedy}`,
            ),
          ]
        : []),
      ...(needed > MAX_SHARDS
        ? [
            found(
              'shard_limit',
              { key, needed, most: MAX_SHARDS },
              `${name} needs ${figure(needed)} shards; an index has ${figure(MAX_SHARDS)} at most: ${remedy}`,
            ),
          ]
        : []),
    ]
  })
}

function periodFindings(question: Question, values: Values): readonly Finding[] {
  const { load, shape, c, demand } = question
  const { eventPartitioning: period } = shape
  const fitting = fittingPeriod(load.retentionDays, demand.storedBytesPerDay, c.minShardBytes)
  const shards = values['runtime.ELASTIC_INDEX_SHARDS']
  const size = periodBytes(question) / shards
  const { bySize, byRate } = neededShards(question)
  const tooMany = size < c.minShardBytes && shards > Math.max(bySize, byRate)
  const tooShort = PERIOD_DAYS[fitting] > PERIOD_DAYS[period] && demand.indices > MANY_INDICES
  return [
    ...(load.retentionDays < demand.periodDays
      ? [
          found(
            'retention_shorter_than_period',
            { retentionDays: load.retentionDays, keptDays: demand.keptDays, fitting },
            `load.retentionDays is ${load.retentionDays}, but an index of a ${period} is deleted only when all of it is that old: ${figure(demand.keptDays)} days are on disk: set EVENT_PARTITIONING to ${fitting}`,
          ),
        ]
      : []),
    ...(tooMany || tooShort
      ? [
          found(
            'shards_too_small',
            { shards: demand.indices * shards, shardBytes: size, least: c.minShardBytes, fitting },
            `a shard of an index of a ${period} reaches ${bytes(size)} only, and there are ${figure(demand.indices * shards)} of them before copies; shards should have ${bytes(c.minShardBytes)} at least: ${tooShort ? `set EVENT_PARTITIONING to ${fitting}` : 'lower ELASTIC_INDEX_SHARDS'}`,
          ),
        ]
      : []),
  ]
}

function clusterFindings(question: Question, values: Values, setting: Setting): readonly Finding[] {
  const { load, shape, c, demand } = question
  const nodes = values['elasticsearch.dataNodes'] + (values['elasticsearch.warmNodes'] ?? 0)
  const state = values['runtime.ELASTIC_STATE_SHARDS']
  const shards = shardCopies(question, values['runtime.ELASTIC_INDEX_SHARDS'], state)
  const holders = Math.max(1, nodes)
  const deleted =
    (shape.sessionRetentionDays > 0 ? demand.sessionsPerDay : 0) +
    (shape.profileRetentionDays > 0 ? demand.profilesPerDay : 0)
  const nightHours = deleted / c.deletesPerSecond / 3600
  return [
    ...(setting.expires === false
      ? [
          found(
            'retention_without_expiry',
            { retentionDays: load.retentionDays },
            `load.retentionDays is ${load.retentionDays}, but elasticsearch.expireIndices is no: nothing deletes older events, and the disks fill: set it to yes`,
          ),
        ]
      : []),
    ...(nightHours > MOST_NIGHT_HOURS
      ? [
          found(
            'expiry_too_slow',
            { deletedPerDay: deleted, nightHours, most: MOST_NIGHT_HOURS },
            `${figure(demand.sessionsPerDay)} sessions and ${figure(demand.profilesPerDay)} profiles a day take ${figure(nightHours)} hours to delete; the nightly job has ${figure(MOST_NIGHT_HOURS)}: set SESSION_RETENTION_DAYS to 0, or divide the load over several stacks`,
          ),
        ]
      : []),
    ...(nodes > c.maxClusterNodes
      ? [
          found(
            'one_cluster',
            { nodes, most: c.maxClusterNodes },
            `elasticsearch.dataNodes is ${figure(nodes)}; one cluster should have ${figure(c.maxClusterNodes)} at most: keep events for fewer days, or divide the load over several stacks`,
          ),
        ]
      : []),
    ...(shards > MAX_SHARDS_PER_NODE * holders
      ? [
          found(
            'shards_per_node',
            { shards, nodes: holders, most: MAX_SHARDS_PER_NODE },
            `${figure(shards)} shards on ${counted(holders, 'data node')}; Elasticsearch makes no index beyond ${figure(MAX_SHARDS_PER_NODE)} a node: lower ELASTIC_INDEX_SHARDS, lengthen EVENT_PARTITIONING, or add data nodes`,
          ),
        ]
      : []),
    ...(shape.indexReplicas === 0 && (load.surviveNode || load.surviveZone)
      ? [
          found(
            'no_copies',
            {},
            'ELASTIC_INDEX_REPLICAS is 0, so the events of a lost node are lost: set it to 1, or set load.surviveNode and load.surviveZone to no',
          ),
        ]
      : []),
  ]
}

function headroom(derived: readonly Derived[], values: Values, setting: Setting): readonly Finding[] {
  const scaled = [
    { on: setting.apiScales, maximum: 'api.maxReplicas', peak: 'api.replicas' },
    { on: setting.workersScale, maximum: 'workers.maxReplicas', peak: 'workers.replicas' },
  ] as const
  return scaled.flatMap(({ on, maximum, peak }) => {
    const needed = derived.find(({ key }) => key === peak)?.value ?? 0
    return on && values[maximum] <= needed
      ? [
          found(
            'autoscaling_without_headroom',
            { key: maximum, value: values[maximum], needed },
            `${maximum} is ${values[maximum]}, and the peak needs ${needed}: autoscaling has nothing left for a higher one: raise it, or remove it and let the load derive it`,
          ),
        ]
      : []
  })
}

/** Of these a smaller number is no fault, or has a finding of its own. */
const NOT_COMPARED: readonly SizedKey[] = [
  'api.minReplicas',
  'api.maxReplicas',
  'workers.minReplicas',
  'workers.maxReplicas',
  'workers.backlogPerWorker',
  'runtime.ELASTIC_INDEX_SHARDS',
  'runtime.ELASTIC_STATE_SHARDS',
]

/** Stated numbers that fall short of what the load needs. */
function shortfalls(stated: Stated, derived: readonly Derived[], setting: Setting): readonly Finding[] {
  return derived.flatMap(({ key, value, unit, reason }) => {
    const given = stated[key]
    if (given === undefined || given >= value || NOT_COMPARED.includes(key)) return []
    if (key === 'elasticsearch.masterMemoryMib' && !setting.dedicatedMasters) return []
    return [
      found(
        codeOf(key),
        { key, value: given, needed: value },
        `${key} is ${figure(given)} ${unit}; the load needs ${reason}`,
      ),
    ]
  })
}

function codeOf(key: SizedKey): FindingCode {
  if (key === 'elasticsearch.masterMemoryMib') return 'masters_too_small'
  if (key.endsWith('cpuMillicores')) return 'cpu_below_need'
  if (key.endsWith('heapGib') || key === 'bookkeeper.memoryMib') return 'memory_below_need'
  return key.endsWith('Gib') || key.endsWith('_GIB') ? 'disk_below_need' : 'count_below_need'
}
