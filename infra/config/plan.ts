import { type Config, loadConfig, settings } from '../../runtime/config.ts'
import type { Coefficients } from '../sizing/coefficients.ts'
import type { Stated } from '../sizing/derived.ts'
import type { Load, Shape } from '../sizing/load.ts'
import { type Derived, type SizedKey, shortfalls, size } from '../sizing/model.ts'
import { faultOf, StackConfigError, type StackFault } from './errors.ts'
import { floorsOf } from './floors.ts'
import { readStack, type StackConfig } from './read.ts'
import { dataHolders, type Plan, type Reason } from './resolved.ts'
import { brokenRules } from './rules.ts'
import { type Key, schema } from './schema.ts'

/**
 * Settles a stack: reads it, derives the counts that it does not state from the load that it states, and checks the whole.
 *
 * @param raw each group of the stack's configuration under its name, as the stack file has it.
 * @param coefficients for the sizing model, instead of those that the stack states.
 * @throws StackConfigError with every fault at once.
 */
export function planOf(raw: Readonly<Record<string, unknown>>, coefficients?: Coefficients): Plan {
  const config = validStack(raw)
  const runtime = runtimeOf(config)
  const derived =
    config.load.peakEventsPerSecond > 0 ? derive(config, runtime, coefficients ?? config.coefficients) : []
  const plan = resolve(config, runtime, derived)
  const broken = [...outOfRange(plan), ...brokenRules(plan)]
  if (broken.length > 0) throw new StackConfigError(broken)
  return plan
}

/** How the load of a stack is kept, of which a load test tells nothing. */
type Kept = Pick<Load, 'meanToPeak' | 'retentionDays' | 'backlogHours'>

/**
 * The sizes that a load asks for in the environment of a stack, whatever load and numbers the stack states itself.
 *
 * @throws StackConfigError with every fault at once.
 */
export function sizesFor(
  raw: Readonly<Record<string, unknown>>,
  load: (kept: Kept) => Load,
  coefficients: Coefficients,
): readonly Derived[] {
  const config = validStack(raw)
  return size(load(config.load), shapeOf(config, runtimeOf(config)), coefficients)
}

function validStack(raw: Readonly<Record<string, unknown>>): StackConfig {
  const { config, faults } = readStack(raw)
  if (faults.length > 0) throw new StackConfigError(faults)
  return config
}

function runtimeOf(config: StackConfig): Config {
  const retention = config.load.peakEventsPerSecond > 0 ? String(config.load.retentionDays) : undefined
  try {
    return loadConfig({ EVENT_RETENTION_DAYS: retention, ...config.runtime })
  } catch (error) {
    const faults = (error as Error).message.split('\n')
    throw new StackConfigError(faults.map((fault) => faultOf('runtime_invalid', `runtime: ${fault}`)))
  }
}

function derive(config: StackConfig, runtime: Config, coefficients: Coefficients): readonly Derived[] {
  return size(config.load, shapeOf(config, runtime), coefficients, statedNumbers(config, runtime))
}

function shapeOf(config: StackConfig, runtime: Config): Shape {
  return {
    zones: Math.max(1, config.platform.zones.length),
    writeQuorum: config.bookkeeper.writeQuorum,
    indexReplicas: runtime.indexReplicas,
    eventPartitioning: runtime.eventPartitioning,
    bulkSize: runtime.bulkSize,
    messageMaxEvents: runtime.messageMaxEvents,
    retentionHours: runtime.pulsarRetentionHours,
    floor: floorsOf(config.platform.environment),
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
  const stated = SIZED.filter((key) => config.stated.has(key)).map((key) => [key, current(config, runtime, key).value])
  const numbers: Record<string, number> = Object.fromEntries(stated)
  const nodes = numbers['elasticsearch.dataNodes']
  if (nodes !== undefined) numbers['elasticsearch.dataNodes'] = Math.max(1, dataHolders(config))
  return numbers
}

/** The keys that the model may derive, in the order in which they are told. */
const SIZED: readonly SizedKey[] = [
  'api.replicas',
  'workers.replicas',
  'runtime.PULSAR_PARTITIONS',
  'broker.replicas',
  'bookkeeper.replicas',
  'bookkeeper.journalGib',
  'bookkeeper.ledgersGib',
  'runtime.PULSAR_RETENTION_SIZE_GIB',
  'elasticsearch.dataNodes',
  'elasticsearch.heapGib',
  'elasticsearch.dataGib',
  'runtime.ELASTIC_INDEX_SHARDS',
]

function resolve(config: StackConfig, runtime: Config, derived: readonly Derived[]): Plan {
  const byKey = new Map(derived.map((entry) => [entry.key, entry]))
  const reasons = SIZED.map((key): Reason => {
    const { value, unit } = current(config, runtime, key)
    const model = byKey.get(key)
    if (config.stated.has(key)) {
      const reason = model ? `stated; the load needs ${model.value}` : 'stated'
      return { key, value, unit: model?.unit ?? unit, from: 'stated', reason }
    }
    if (model) return { key, value: model.value, unit: model.unit, from: 'derived', reason: model.reason }
    return { key, value, unit, from: 'default', reason: 'no load is stated' }
  })
  const groups = structuredClone({ ...config, stated: undefined }) as unknown as Record<string, Record<string, unknown>>
  const runtimeValues: Record<string, unknown> = { ...runtime }
  for (const { key, value } of reasons) {
    const [group, name] = key.split('.') as [string, string]
    if (group === 'runtime') runtimeValues[fieldOf(name)] = value
    else (groups[group] as Record<string, unknown>)[name] = value
  }
  return {
    ...(groups as unknown as Omit<Plan, 'runtime' | 'reasons' | 'warnings' | 'stated'>),
    stated: config.stated,
    runtime: runtimeValues as unknown as Config,
    reasons,
    warnings: derived.length === 0 ? [] : shortfalls(statedNumbers(config, runtime), derived),
  }
}

/** A derived number can leave the range of its key: then the load is more than one stack can carry. */
function outOfRange({ reasons }: Plan): readonly StackFault[] {
  return reasons.flatMap(({ key, value, from, reason }) => {
    const [group, name] = key.split('.') as [string, string]
    const definition =
      group === 'runtime' ? settings[fieldOf(name)] : (schema as Record<string, Record<string, Key>>)[group]?.[name]
    const { maximum } = definition as { maximum: number }
    return from === 'derived' && value > maximum
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
