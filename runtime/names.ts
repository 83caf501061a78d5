import { type Config, type SharedConfig, settings } from './config.ts'

/** How long and how much of what is acknowledged Pulsar keeps, of each partition. Whatever is reached first deletes; -1 is no limit. */
export interface Retention {
  readonly minutes: number
  readonly mib: number
}

/** When closed ledgers are moved to the object store of the brokers. Limits of 0 are none; a ledger is moved at whichever comes first. */
export interface Offload {
  readonly afterMinutes: number
  /** Of one partition. */
  readonly afterGib: number
  /** How long the bookies still keep what was moved. */
  readonly deletionLagMinutes: number
}

/** The names of the topics and subscriptions of one configuration. */
export interface Topics {
  readonly tenant: string
  readonly namespace: string
  readonly events: string
  readonly eventsSubscription: string
  readonly partitions: number
  readonly deadLetters: string
  readonly deadLettersSubscription: string
}

/** The same with what set-up alone makes of them. */
export interface TopicSetUp extends Topics {
  /** Minimum number of bundles of the namespace. */
  readonly bundles: number
  readonly retention: Retention
  /** Nothing where its policies are not for set-up to set. */
  readonly offload?: Offload
}

/** The subscription that keeps dead letters until a person has looked at them. */
export const DEAD_LETTERS_SUBSCRIPTION = 'dead-letters'

export function topicsOf(config: SharedConfig): Topics {
  const { pulsarTenant: tenant, pulsarNamespace: namespace, pulsarTopic, pulsarSubscription } = config
  return {
    tenant,
    namespace,
    events: topicName(tenant, namespace, pulsarTopic),
    eventsSubscription: pulsarSubscription,
    partitions: config.pulsarPartitions,
    // The name that Pulsar's own clients give to a dead-letter topic.
    deadLetters: topicName(tenant, namespace, `${pulsarTopic}-${pulsarSubscription}-DLQ`),
    deadLettersSubscription: DEAD_LETTERS_SUBSCRIPTION,
  }
}

export function topicSetUpOf(config: Config): TopicSetUp {
  const offload = {
    afterMinutes: config.pulsarOffloadAfterMinutes,
    afterGib: config.pulsarOffloadAfterGib,
    deletionLagMinutes: config.pulsarOffloadDeletionLagMinutes,
  }
  return {
    ...topicsOf(config),
    bundles: config.pulsarBundles,
    retention: retentionOf(config),
    ...(config.pulsarOffload ? { offload } : {}),
  }
}

/** So that brokers get about as many bundles each, and one that is added finds some to take. */
const BUNDLES_PER_BROKER = 10

/**
 * How many bundles a number of brokers needs: the next power of two from 10 for each, within the range of PULSAR_BUNDLES. A power of
 * two, because then all bundles have hash ranges of one size.
 */
export function bundlesFor(brokers: number): number {
  const { minimum, maximum } = settings.pulsarBundles
  const power = 2 ** Math.ceil(Math.log2(BUNDLES_PER_BROKER * Math.max(1, brokers)))
  return Math.min(maximum, Math.max(minimum, power))
}

/** Pulsar takes either both limits or none. */
function retentionOf(config: Config): Retention {
  const { pulsarRetentionHours, pulsarRetentionSizeGib, pulsarPartitions } = config
  if (pulsarRetentionHours === 0) return { minutes: 0, mib: 0 }
  return {
    minutes: pulsarRetentionHours * 60,
    mib: Math.max(1, Math.floor((pulsarRetentionSizeGib * 1024) / pulsarPartitions)),
  }
}

export function topicName(tenant: string, namespace: string, topic: string): string {
  return `persistent://${tenant}/${namespace}/${topic}`
}

/** `persistent://a/b/c` as in the paths of the admin and WebSocket APIs: `persistent/a/b/c`. */
export function topicPath(name: string): string {
  return name.replace('://', '/').split('/').map(encodeURIComponent).join('/')
}

/** `tenant/namespace` of a topic. */
export function namespaceOf(name: string): string {
  return name
    .replace(/^.*:\/\//, '')
    .split('/')
    .slice(0, 2)
    .join('/')
}

/** Where the admin API lists the topics of the namespace of a topic. */
export function namespacePath(name: string): string {
  return topicPath(name).split('/').slice(0, 3).join('/')
}

export function partitionName(topic: string, partition: number): string {
  return `${topic}-partition-${partition}`
}

/** Matches the names of the partitions of a topic, for a regular expression of RE2. No name of a topic has a character that it reads. */
export function partitionPattern(topic: string): string {
  return `${topic}-partition-[0-9]+`
}

/** The number of a partition of a topic, by its name. */
export function partitionNumber(topic: string, name: string): number | undefined {
  const number = name.startsWith(`${topic}-partition-`) ? name.slice(`${topic}-partition-`.length) : ''
  return /^\d+$/.test(number) ? Number(number) : undefined
}

/** The names of indices and templates of one configuration. */
export interface Indices {
  /** Alias over every period; also the first part of the name of each. */
  readonly event: string
  /** Pattern of the indices of all periods. */
  readonly allEvents: string
  readonly session: string
  readonly profile: string
  /** Which profiles were erased. */
  readonly erasures: string
  /** The events of the canary, apart from all others. */
  readonly canary: string
  /** The history of the console. */
  readonly console: string
}

/** The source of the canary. No sources file may have it. */
export const CANARY_SOURCE = 'tracardi-canary'

export function indicesOf(config: Pick<Config, 'indexPrefix'>): Indices {
  const { indexPrefix } = config
  const event = `${indexPrefix}-event`
  return {
    event,
    allEvents: `${event}-*`,
    session: `${indexPrefix}-session`,
    profile: `${indexPrefix}-profile`,
    erasures: `${indexPrefix}-erasures`,
    canary: `${indexPrefix}-canary`,
    console: `${indexPrefix}-console`,
  }
}

/** Routes whose calls have events. Refused calls are those of them, and are compared with all of them. */
export const TAKES_EVENTS = /^\/(track|collect)/

/** Name of the ConfigMap that says that the servers of a StatefulSet have founded their cluster. */
export function foundedName(set: string): string {
  return `${set}-founded`
}
