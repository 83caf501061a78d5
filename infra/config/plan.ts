import { type Config, loadConfig, settings, warmReplicasOf } from '../../runtime/config.ts'
import type { Coefficients } from '../sizing/coefficients.ts'
import { demandOf } from '../sizing/demand.ts'
import { brokenLimits, type Finding } from '../sizing/limits.ts'
import { fittingPeriod, type Load, periodReason, type Shape } from '../sizing/load.ts'
import { questionOf, size } from '../sizing/model.ts'
import { type Derived, SIZED_KEYS, type SizedKey, type Stated } from '../sizing/question.ts'
import { faultOf, StackConfigError, type StackFault } from './errors.ts'
import { floorsOf } from './floors.ts'
import { readStack, type StackConfig } from './read.ts'
import { dataHolders, type Plan, type Reason, SNAPSHOT_FOLDER } from './resolved.ts'
import { brokenRules } from './rules.ts'
import { type Key, schema } from './schema.ts'
import { chosenImage, SERVERS, type Server } from './server-versions.ts'

/** Of a number. */
type SizedReason = Reason & { readonly key: SizedKey; readonly value: number }

/**
 * Makes the plan of a stack: reads it, derives unstated counts from the stated load, and checks all rules.
 *
 * @param raw each group of the stack's configuration under its name, as the stack file has it.
 * @param coefficients for the sizing model, instead of those that the stack states.
 * @throws StackConfigError with all faults together.
 */
export function planOf(raw: Readonly<Record<string, unknown>>, coefficients?: Coefficients): Plan {
  const config = validStack(raw)
  const used = coefficients ?? config.coefficients
  const runtime = runtimeOf(config, used)
  const derived = config.load.peakEventsPerSecond > 0 ? derive(config, runtime, used) : []
  const plan = resolve(config, runtime, derived, used)
  const broken = [...outOfRange(plan), ...brokenRules(plan)]
  if (broken.length > 0) throw new StackConfigError(broken)
  return plan
}

/** Load parameters that a load test cannot measure. */
type Kept = Omit<Load, 'peakEventsPerSecond' | 'eventsPerCall' | 'eventBytes'>

/**
 * The sizes for a load in the environment of a stack, ignoring the load and numbers that the stack states.
 *
 * @throws StackConfigError with all faults together.
 */
export function sizesFor(
  raw: Readonly<Record<string, unknown>>,
  load: (kept: Kept) => Load,
  coefficients: Coefficients,
): readonly Derived[] {
  const config = validStack(raw)
  return size(load(loadOf(config)), shapeOf(config, runtimeOf(config, coefficients)), coefficients)
}

/** The load of a stack. `dev` survives only what it states. */
function loadOf({ load, platform, stated }: StackConfig): Load {
  const asked = (key: 'surviveNode' | 'surviveZone') =>
    load[key] && (platform.environment !== 'dev' || stated.has(`load.${key}`))
  return { ...load, surviveNode: asked('surviveNode'), surviveZone: asked('surviveZone') }
}

function validStack(raw: Readonly<Record<string, unknown>>): StackConfig {
  const { config, faults } = readStack(raw)
  if (faults.length > 0) throw new StackConfigError(faults)
  return config
}

/** The settings of the programs. The period of an index follows from the load where the stack does not state it. */
function runtimeOf(config: StackConfig, coefficients: Coefficients): Config {
  const retention = config.load.peakEventsPerSecond > 0 ? String(config.load.retentionDays) : undefined
  try {
    const warm = retention !== undefined && config.load.warmTier ? String(config.load.hotDays) : undefined
    const kept = { EVENT_RETENTION_DAYS: retention, WARM_AFTER_DAYS: warm }
    const runtime = { ...loadConfig({ ...kept, ...config.runtime }), ...storeSettings(config) }
    if (retention === undefined || config.stated.has(PERIOD_KEY)) return runtime
    return { ...runtime, eventPartitioning: periodOf(config, runtime, coefficients).period }
  } catch (error) {
    const faults = (error as Error).message.split('\n')
    throw new StackConfigError(faults.map((fault) => faultOf('runtime_invalid', `runtime: ${fault}`)))
  }
}

/** What the programs know of backup and offload. The nodes mount a claim at a fixed path. */
function storeSettings({ backup, offload }: Pick<StackConfig, 'backup' | 'offload'>) {
  const { type, location, basePath, retentionDays } = backup
  return {
    pulsarOffload: offload.type !== 'none',
    pulsarOffloadAfterMinutes: offload.afterMinutes,
    pulsarOffloadAfterGib: offload.afterGib,
    pulsarOffloadDeletionLagMinutes: offload.deletionLagMinutes,
    snapshotType: type,
    snapshotLocation: type === 'fs' ? SNAPSHOT_FOLDER : location,
    snapshotBasePath: basePath,
    snapshotRetentionDays: retentionDays,
  }
}

const PERIOD_KEY = 'runtime.EVENT_PARTITIONING'

/** The period that fits the load. What a day stores does not depend on the period. */
function periodOf(config: StackConfig, runtime: Config, c: Coefficients) {
  const { storedBytesPerDay } = demandOf(loadOf(config), shapeOf(config, runtime), c)
  const { retentionDays } = config.load
  const { minShardBytes } = c
  const period = fittingPeriod(retentionDays, storedBytesPerDay, minShardBytes)
  return {
    period,
    facts: { retentionDays, bytesPerDay: storedBytesPerDay, minShardBytes },
    reason: periodReason(period, retentionDays, storedBytesPerDay, minShardBytes),
  }
}

function periodReasonOf(config: StackConfig, runtime: Config, c: Coefficients): Reason {
  const { period, facts, reason } = periodOf(config, runtime, c)
  const [key, unit] = [PERIOD_KEY, ''] as const
  if (!config.stated.has(key)) return { key, value: period, unit, from: 'derived', code: 'load', facts, reason }
  const stated = { value: runtime.eventPartitioning, from: 'stated', code: 'stated' } as const
  return { key, unit, ...stated, facts, reason: `stated; what fits is ${reason}` }
}

function derive(config: StackConfig, runtime: Config, coefficients: Coefficients): readonly Derived[] {
  return size(loadOf(config), shapeOf(config, runtime), coefficients, statedNumbers(config, runtime))
}

function shapeOf(config: StackConfig, runtime: Config): Shape {
  return {
    zones: Math.max(1, config.platform.zones.length),
    writeQuorum: config.bookkeeper.writeQuorum,
    indexReplicas: runtime.indexReplicas,
    warmReplicas: warmReplicasOf(runtime),
    eventPartitioning: runtime.eventPartitioning,
    bulkSize: runtime.bulkSize,
    messageMaxEvents: runtime.messageMaxEvents,
    prefetchMessages: runtime.prefetchMessages,
    retentionHours: runtime.pulsarRetentionHours,
    ...offloads(config),
    ...statesExpire(config, runtime),
    cores: {
      api: config.api.cpuMillicores / 1000,
      worker: config.workers.cpuMillicores / 1000,
      broker: config.broker.cpuMillicores / 1000,
      bookie: config.bookkeeper.cpuMillicores / 1000,
    },
    floor: floorsOf(config.platform.environment),
  }
}

/** How long the bookies have a ledger. By the size of a partition alone it may be as long as it is kept. */
function offloads({ offload: { type, afterMinutes, afterGib, deletionLagMinutes } }: StackConfig) {
  if (type === 'none' || (afterMinutes === 0 && afterGib === 0)) return {}
  return { offloadHours: afterMinutes === 0 ? Number.POSITIVE_INFINITY : (afterMinutes + deletionLagMinutes) / 60 }
}

/** After how many days sessions and profiles are deleted. Of an Elasticsearch of others its operators see to that. */
function statesExpire({ elasticsearch }: StackConfig, runtime: Config) {
  const expires = elasticsearch.expireIndices || elasticsearch.url !== ''
  return {
    sessionRetentionDays: expires ? runtime.sessionRetentionDays : 0,
    profileRetentionDays: expires ? runtime.profileRetentionDays : 0,
  }
}

/** The value of a key that the model derives, in the configuration. */
function current(config: StackConfig, runtime: Config, key: SizedKey): { value: number; unit: string } {
  const [group, name] = key.split('.') as [string, string]
  if (group === 'runtime') {
    const [field, setting] = Object.entries(settings).find(([, { env }]) => env === name) ?? []
    return { value: runtime[field as keyof Config] as number, unit: (setting as { unit?: string })?.unit ?? '' }
  }
  const values = config[group as 'api'] as unknown as Record<string, number>
  return { value: values[name] ?? 0, unit: '' }
}

/** The numbers among those that the stack states itself. Masters that hold data count as data nodes. */
function statedNumbers(config: StackConfig, runtime: Config): Stated {
  const stated = SIZED_KEYS.filter((key) => config.stated.has(key)).map((key) => [
    key,
    current(config, runtime, key).value,
  ])
  const numbers: Record<string, number> = Object.fromEntries(stated)
  const nodes = numbers['elasticsearch.dataNodes']
  if (nodes !== undefined) numbers['elasticsearch.dataNodes'] = Math.max(1, dataHolders(config))
  return numbers
}

function resolve(config: StackConfig, runtime: Config, derived: readonly Derived[], coefficients: Coefficients): Plan {
  const byKey = new Map(derived.map((entry) => [entry.key, entry]))
  const has = (key: SizedKey) => !key.startsWith('elasticsearch.warm') || byKey.has(key) || config.stated.has(key)
  const sized = SIZED_KEYS.filter(has).map((key): SizedReason => {
    const { value, unit } = current(config, runtime, key)
    const model = byKey.get(key)
    if (config.stated.has(key)) {
      const stated = { from: 'stated', code: 'stated' } as const
      if (model === undefined) return { key, value, unit, ...stated, facts: {}, reason: 'stated' }
      const reason = `stated; the load needs ${model.value}`
      return { key, value, unit: model.unit, ...stated, facts: { needed: model.value }, reason }
    }
    if (model) return { ...model, from: 'derived' }
    return { key, value, unit, from: 'default', code: 'default', facts: {}, reason: 'no load is stated' }
  })
  const groups = structuredClone({ ...config, stated: undefined }) as unknown as Record<string, Record<string, unknown>>
  const runtimeValues: Record<string, unknown> = { ...runtime }
  for (const { key, value } of sized) {
    const [group, name] = key.split('.') as [string, string]
    if (group === 'runtime') runtimeValues[fieldOf(name)] = value
    else (groups[group] as Record<string, unknown>)[name] = value
  }
  for (const server of Object.keys(SERVERS) as Server[]) {
    const stated = config.stated.has(`images.${server}`) ? config.images[server] : undefined
    const { digests } = config.images
    const { image, version } = chosenImage(server, { version: config[server].version, image: stated, digests })
    Object.assign(groups['images'] as object, { [server]: image })
    Object.assign(groups[server] as object, { version })
  }
  return {
    ...(groups as unknown as Omit<Plan, 'runtime' | 'demand' | 'reasons' | 'findings' | 'stated'>),
    stated: config.stated,
    runtime: runtimeValues as unknown as Config,
    demand: derived.length === 0 ? undefined : demandOf(loadOf(config), shapeOf(config, runtime), coefficients),
    reasons: derived.length === 0 ? sized : [...sized, periodReasonOf(config, runtime, coefficients)],
    findings: derived.length === 0 ? [] : findingsOf(config, runtime, derived, sized, coefficients),
  }
}

function findingsOf(
  config: StackConfig,
  runtime: Config,
  derived: readonly Derived[],
  reasons: readonly SizedReason[],
  coefficients: Coefficients,
): readonly Finding[] {
  const stated = statedNumbers(config, runtime)
  const values = Object.fromEntries(reasons.map(({ key, value }) => [key, value])) as Record<SizedKey, number>
  const { elasticsearch, api, workers } = config
  const own = elasticsearch.url === ''
  return brokenLimits(
    questionOf(loadOf(config), shapeOf(config, runtime), coefficients, stated),
    derived,
    { ...values, ...stated },
    stated,
    {
      expires: own ? elasticsearch.expireIndices : undefined,
      dedicatedMasters: own && !elasticsearch.mastersHoldData,
      apiScales: api.autoscaling !== 'none',
      workersScale: workers.autoscaling !== 'none',
    },
  )
}

/** A derived number can leave the range of its key: then the load is more than one stack can carry. */
function outOfRange({ reasons }: Plan): readonly StackFault[] {
  return reasons.flatMap(({ key, value, from, reason }) => {
    const [group, name] = key.split('.') as [string, string]
    const definition =
      group === 'runtime' ? settings[fieldOf(name)] : (schema as Record<string, Record<string, Key>>)[group]?.[name]
    const { maximum } = definition as { maximum: number }
    return from === 'derived' && Number(value) > maximum
      ? [
          faultOf(
            'load_beyond_one_stack',
            `${key} would be ${value}; at most ${maximum}: the load is more than one stack carries, divide it. ${reason}`,
            { key, value, maximum },
          ),
        ]
      : []
  })
}

function fieldOf(env: string): keyof Config {
  return Object.entries(settings).find(([, setting]) => setting.env === env)?.[0] as keyof Config
}
