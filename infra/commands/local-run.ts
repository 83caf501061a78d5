import { toEnv } from '../../runtime/config.ts'
import { planOf } from '../config/plan.ts'

/** What the run on one machine takes over from a stack. */
export interface LocalRun {
  /** Settings of the runtime, by environment name, without those with their default. */
  readonly env: Readonly<Record<string, string>>
  /** The event sources; those of the machine where the stack states none. */
  readonly sources: Readonly<Record<string, unknown>> | undefined
  /** What the stack states that has no meaning on one machine, as `group.key`. */
  readonly ignored: readonly string[]
}

type Raw = Readonly<Record<string, unknown>>

/** Settings of the runtime that one machine decides: its one node holds no copies, its disk is small, its client is the installed one. */
const OF_THE_CLUSTER: readonly string[] = [
  'runtime.ELASTIC_INDEX_REPLICAS',
  'runtime.PULSAR_RETENTION_SIZE_GIB',
  'pulsar.transport',
]
/** Existing servers: the run on one machine starts its own. */
const EXTERNAL: Readonly<Record<string, readonly string[]>> = {
  pulsar: ['serviceUrl', 'adminUrl'],
  elasticsearch: ['url'],
}

/**
 * The settings with which a stack runs on one machine, through the same schema, rules and sizing model.
 *
 * @throws StackConfigError when the stack has faults.
 */
export function localRunOf(raw: Raw): LocalRun {
  const plan = planOf(withoutExternal(raw))
  const {
    indexReplicas: _copies,
    pulsarRetentionSizeGib: _disk,
    pulsarTransport: _transport,
    ...settings
  } = plan.runtime
  const ignored = [...plan.stated].filter((key) => !key.startsWith('runtime.') && !key.startsWith('load.'))
  const external = Object.entries(EXTERNAL).flatMap(([group, keys]) =>
    keys.filter((key) => (raw[group] as Raw | undefined)?.[key] !== undefined).map((key) => `${group}.${key}`),
  )
  const ofTheCluster = OF_THE_CLUSTER.filter((key) => plan.stated.has(key))
  return {
    env: toEnv(settings),
    sources: Object.keys(plan.sources).length > 0 ? plan.sources : undefined,
    ignored: [...new Set([...ignored, ...external, ...ofTheCluster])].sort(),
  }
}

/** A short list of the ignored keys: each setting of the runtime, and the other groups. */
export function leftOut(ignored: readonly string[]): string {
  const names = ignored.map((key) => (key.startsWith('runtime.') ? key.slice('runtime.'.length) : key.split('.')[0]))
  return [...new Set(names)].join(', ')
}

function withoutExternal(raw: Raw): Raw {
  const groups = Object.entries(EXTERNAL).map(([group, keys]) => [
    group,
    Object.fromEntries(Object.entries((raw[group] ?? {}) as Raw).filter(([key]) => !keys.includes(key))),
  ])
  return { ...raw, ...Object.fromEntries(groups) }
}
