import { closestMatch } from 'leven'
import { allowedValues, readSetting, settings, type Value, type ValueOf } from '../../runtime/config.ts'
import { type Coefficients, coefficientFaults, DEFAULT_COEFFICIENTS } from '../sizing/coefficients.ts'
import { faultOf, type StackFault } from './errors.ts'
import { type Group, type Key, type ListKey, type Schema, type SecretKey, schema, secretKeys } from './schema.ts'
import { readSourceSecrets, type SourceSecrets } from './source-secrets.ts'

type ValueOfKey<K> = K extends ListKey ? readonly string[] : ValueOf<K>

/** The values of one group. */
export type GroupOf<G extends keyof Schema> = { readonly [K in keyof Schema[G]]: ValueOfKey<Schema[G][K]> }

type Groups = { readonly [G in keyof Schema]: GroupOf<G> }

/** A stack's configuration, read and in range: what is stated, and the defaults for the rest. */
export interface StackConfig extends Groups {
  /** Settings of the runtime that the stack states, by environment name. */
  readonly runtime: Readonly<Record<string, string>>
  /** What one unit carries: as the stack states it from a load test, and the defaults for the rest. */
  readonly coefficients: Coefficients
  /** The event sources, as the sources file of the API has them. */
  readonly sources: Readonly<Record<string, unknown>>
  readonly sourceSecrets: SourceSecrets
  /** The secrets that are set. */
  readonly secrets: Readonly<Partial<Record<SecretKey, string>>>
  /** Which keys the stack states, as `group.key`. */
  readonly stated: ReadonlySet<string>
}

/** Settings of the runtime that the platform sets itself, and where the stack states what they come from. */
export const OWNED: Readonly<Record<string, string>> = {
  PUBLIC_HOST: 'the API listens on every address of its pod',
  PUBLIC_PORT: 'its Service chooses the port',
  PRIVATE_HOST: 'the API listens on every address of its pod',
  PRIVATE_PORT: 'its Service chooses the port',
  PRIVATE_TOKEN: 'the platform makes it; state `api.tokenGeneration` for another one',
  MONITORING_PORT: 'probes and monitors ask there',
  CONSOLE_INSTANCES: 'the platform names its own instances',
  RUNTIME_IMAGE: 'the group images states it',
  CANARY_URL: 'state `api.canaryUrl`',
  SOURCES_FILE: 'state `sources`',
  PULSAR_HOST: 'state `pulsar.serviceUrl`',
  PULSAR_API: 'state `pulsar.adminUrl`',
  PULSAR_TRANSPORT: 'state `pulsar.transport`',
  PULSAR_AUTH_TOKEN: 'set the secret `pulsarToken`',
  PULSAR_CA_FILE: 'the image knows the public authorities',
  ELASTIC_HOST: 'state `elasticsearch.url`',
  ELASTIC_HTTP_AUTH_USERNAME: 'set the secret `elasticUsername`',
  ELASTIC_HTTP_AUTH_PASSWORD: 'set the secret `elasticPassword`',
  ELASTIC_API_KEY: 'set the secret `elasticApiKey`',
  ELASTIC_CA_FILE: 'the platform makes the authority',
  PULSAR_OFFLOAD: 'state `offload.type`',
  PULSAR_OFFLOAD_AFTER_MINUTES: 'state `offload.afterMinutes`',
  PULSAR_OFFLOAD_AFTER_GIB: 'state `offload.afterGib`',
  PULSAR_OFFLOAD_DELETION_LAG_MINUTES: 'state `offload.deletionLagMinutes`',
  OTEL_EXPORTER_OTLP_HEADERS: 'a collector in the cluster adds them',
  SNAPSHOT_TYPE: 'state `backup.type`',
  SNAPSHOT_LOCATION: 'state `backup.location`',
  SNAPSHOT_BASE_PATH: 'state `backup.basePath`',
  SNAPSHOT_RETENTION_DAYS: 'state `backup.retentionDays`',
}

/**
 * Reads a stack's configuration: for each group an object, as the stack file has it without the name of the project.
 *
 * @returns the configuration and all faults together, each with the value given, what is allowed and what to do.
 */
export function readStack(raw: Readonly<Record<string, unknown>>): {
  config: StackConfig
  faults: readonly StackFault[]
} {
  const faults: StackFault[] = []
  const stated = new Set<string>()
  const groups: Record<string, Record<string, unknown>> = {}
  for (const [name, group] of Object.entries<Group>(schema)) {
    groups[name] = readGroup(name, group, objectOf(name, raw[name], faults), stated, faults)
  }
  const runtime = readRuntime(objectOf('runtime', raw['runtime'], faults), stated, faults)
  const coefficients = readStated(objectOf('coefficients', raw['coefficients'], faults), faults)
  const sources = objectOf('sources', raw['sources'], faults)
  const sourceSecrets = readSourceSecrets(raw['sourceSecrets'], sources, (fault) =>
    faults.push(faultOf('source_secret_invalid', fault)),
  )
  const secrets: Partial<Record<SecretKey, string>> = {}
  for (const key of Object.keys(secretKeys) as SecretKey[]) {
    if (typeof raw[key] === 'string' && raw[key] !== '') secrets[key] = raw[key]
  }
  const known = [...Object.keys(schema), 'runtime', 'coefficients', 'sources', ...Object.keys(secretKeys)]
  for (const key of Object.keys(raw)) if (!known.includes(key)) faults.push(unknownKey(key, known))
  return {
    config: { ...(groups as unknown as Groups), runtime, coefficients, sources, sourceSecrets, secrets, stated },
    faults,
  }
}

function readStated(given: Readonly<Record<string, unknown>>, faults: StackFault[]): Coefficients {
  const found = coefficientFaults(given)
  faults.push(...found.map((fault) => faultOf('coefficient_invalid', `coefficients.${fault}`)))
  return found.length > 0 ? DEFAULT_COEFFICIENTS : { ...DEFAULT_COEFFICIENTS, ...given }
}

function unknownKey(name: string, known: readonly string[], prefix = ''): StackFault {
  const nearest = closestMatch(name, [...known], { maxDistance: Math.max(3, Math.ceil(name.length / 3)) })
  const hint = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean ${prefix}${nearest}?`
  return faultOf('key_unknown', `${prefix}${name} is not a key; ${hint}`, {
    key: `${prefix}${name}`,
    ...(nearest === undefined ? {} : { nearest: `${prefix}${nearest}` }),
  })
}

function notAllowed(key: string, value: unknown, allowed: string): StackFault {
  const given = JSON.stringify(value)
  return faultOf('value_not_allowed', `${key} is ${given}; allowed: ${allowed}`, { key, given })
}

function objectOf(name: string, value: unknown, faults: StackFault[]): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  faults.push(notAllowed(name, value, 'an object with keys'))
  return {}
}

function readGroup(
  name: string,
  group: Group,
  given: Readonly<Record<string, unknown>>,
  stated: Set<string>,
  faults: StackFault[],
): Record<string, unknown> {
  const known = Object.keys(group)
  for (const key of Object.keys(given)) if (!known.includes(key)) faults.push(unknownKey(key, known, `${name}.`))
  const values: Record<string, unknown> = {}
  for (const [key, definition] of Object.entries(group)) {
    const value = given[key]
    values[key] = definition.default
    if (value === undefined || value === null) continue
    stated.add(`${name}.${key}`)
    const reading = readKey(definition, value)
    if ('fault' in reading) faults.push(notAllowed(`${name}.${key}`, value, reading.fault))
    else values[key] = reading.value
  }
  return values
}

/** Reads one value: text, number, boolean or list. */
export function readKey(key: Key, value: unknown): { value: Value | readonly string[] } | { fault: string } {
  if (key.type === 'list') return readList(key, value)
  return isScalar(value) ? readSetting(key, String(value)) : { fault: allowedValues(key) }
}

function readList(key: ListKey, value: unknown): { value: readonly string[] } | { fault: string } {
  const fault = `a list of ${key.pattern.says}, each once`
  if (!Array.isArray(value)) return { fault }
  const texts = value.map(String)
  const valid = texts.every((text) => key.pattern.regex.test(text)) && new Set(texts).size === texts.length
  return valid ? { value: texts } : { fault }
}

function readRuntime(
  given: Readonly<Record<string, unknown>>,
  stated: Set<string>,
  faults: StackFault[],
): Record<string, string> {
  const byName = new Map(Object.values(settings).map((setting) => [setting.env as string, setting]))
  const free = [...byName.keys()].filter((name) => OWNED[name] === undefined)
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const setting = byName.get(name)
    if (OWNED[name] !== undefined)
      faults.push(
        faultOf('key_of_the_platform', `runtime.${name} is set by the platform: ${OWNED[name]}`, {
          key: `runtime.${name}`,
        }),
      )
    else if (setting === undefined) faults.push(unknownKey(name, free, 'runtime.'))
    else {
      const reading = isScalar(value) ? readSetting(setting, String(value)) : { fault: allowedValues(setting) }
      if ('fault' in reading) faults.push(notAllowed(`runtime.${name}`, value, reading.fault))
      else values[name] = String(reading.value)
      stated.add(`runtime.${name}`)
    }
  }
  return values
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
