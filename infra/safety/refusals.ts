import type { Server } from '../config/server-versions.ts'
import type { Facts } from './facts.ts'
import { stepFault } from './version-steps.ts'

/** Facts that never change, and how to get what one wants anyway. */
const FIXED: Readonly<Record<string, string>> = {
  cluster: 'a stack cannot move to another cluster; correct KUBECONFIG or platform.context, or make a new stack there',
  'platform.namespace':
    'volumes cannot move to another namespace; make a new stack and let both run until the old one is drained',
  'platform.createNamespace':
    'a namespace would be deleted with all that is in it, or be taken from others; make a new stack in another one',
  'platform.clusterDomain':
    'bookies, certificates and the ensemble know each other by names in that domain; make a new stack for another one',
  'pulsar.clusterName': 'the metadata belongs to the cluster of that name; make a new stack for another one',
  'elasticsearch.masterNodes':
    'new masters could found a cluster of their own; make a new stack, and move the indices by snapshot or reindex from remote',
  'elasticsearch.mastersHoldData':
    'a node does not start without the role for the shards it holds; add data nodes instead',
  'elasticsearch.security': 'nodes with and without TLS cannot speak to each other; make a new stack',
}

/** The number of volumes of bookies that exist: a bookie would not find its ledgers, or not start. */
const VOLUMES = /^bookkeeper\..*(journal|ledger)Volumes$/

/** What was true before there was such a fact: a stack of an older release had no choice. */
const ASSUMED: Facts = { 'platform.createNamespace': 'true', 'platform.clusterDomain': 'cluster.local' }

/** The way to other volumes. */
const NEXT_DATA =
  'make a set of data nodes next to this one, which is then drained: docs/operations.md, "Another disk for data nodes"'

const NEXT_BOOKIES =
  'make a set of bookies next to this one, which is then drained: docs/operations.md, "Other disks for bookies"'

const FIXED_VOLUMES = `a bookie finds a ledger by its number and the number of its volumes, and does not start with others than it had; state the old number, or ${NEXT_BOOKIES}`

/** Facts that may become any other value once something is done. */
const PREPARED: readonly (readonly [RegExp, string])[] = [
  [
    /^runtime\.PULSAR_(TENANT|SYSTEM_NAMESPACE|FUNCTION_TOPIC|SUBSCRIPTION)$/,
    'the backlog under the old name would never be stored; stop the API and wait until `backlog` says 0',
  ],
  [
    /^runtime\.EVENT_PARTITIONING$/,
    'an event that is sent again across the change goes into another index and is stored twice; state the old period, or make sure that no sender retries meanwhile',
  ],
  [
    /^offload\.store$/,
    'brokers would not find the ledgers that are in the store, and their events would be lost; wait until it has none: docs/offload.md, "Turn it off"',
  ],
  [/^bookkeeper\..*StorageClass$/, `a volume keeps its StorageClass; state the old one, or ${NEXT_BOOKIES}`],
  [
    /^elasticsearch\.elasticsearch-data.*\.storageClass$/,
    `a volume keeps its StorageClass; state the old one, or ${NEXT_DATA}`,
  ],
  // A claim keeps its class; one that lost its volume is created with the new one.
  [/StorageClass$|\.storageClass$/, 'a volume keeps its StorageClass; state the old one'],
]

/** Facts that may grow, and may become less once something is done. */
const SHRINK: readonly (readonly [RegExp, string])[] = [
  [/^zookeeper\.replicas/, 'remove the node from the ensemble first: docs/operations.md, "Fewer ZooKeeper nodes"'],
  [/^bookkeeper\..*replicas/, 'the ledgers of a bookie must be copied away first: docs/operations.md, "Fewer bookies"'],
  [
    /^elasticsearch\..*replicas/,
    'the shards of a node must be moved away first: docs/operations.md, "Fewer data nodes"',
  ],
  [/^bookkeeper\..*Gib$/, `a volume cannot shrink; state the size that it has, or ${NEXT_BOOKIES}`],
  [/^elasticsearch\.elasticsearch-data.*Gib$/, `a volume cannot shrink; state the size that it has, or ${NEXT_DATA}`],
  [/Gib$/, 'a volume cannot shrink; state the size that it has'],
  [/EVENT_RETENTION_DAYS$/, 'indices with older events would be deleted in the next night'],
  [/SESSION_RETENTION_DAYS$/, 'sessions that began before that would be deleted in the next night'],
  [/PROFILE_RETENTION_DAYS$/, 'profiles that were sent last before that would be deleted in the next night'],
  [
    /PULSAR_RETENTION_HOURS$/,
    'messages that are kept for longer would be deleted and could not be replayed; make sure that none has to be',
  ],
]

/** Facts that may grow, and never become less: nothing that an operator does makes it safe. */
const NEVER_LESS: readonly (readonly [RegExp, string])[] = [
  [
    /PULSAR_PARTITIONS$/,
    'Pulsar cannot remove partitions, and their unread events would be lost; state the old number',
  ],
]

/** For disks of servers that the stack would no longer have. */
const LEFT_BEHIND = 'its volumes would be left behind with their data; store or move all of it first'

const DRAINED = 'are drained first, and none goes before the servers say that it is empty'

/** How servers leave, by what they are. */
const LEAVING = {
  bookies: DRAINED,
  'data nodes': DRAINED,
  'warm nodes': DRAINED,
  masters: 'lose their shards and votes first, and none goes before the others elect without it',
  'ZooKeeper nodes': 'leave the ensemble first, and none goes before the others say so',
} as const

type Leaving = keyof typeof LEAVING

/** Servers that hold data or votes and can be drained. */
const DRAINABLE: readonly (readonly [RegExp, Leaving])[] = [
  [/^bookkeeper\.([^.]+\.)?replicas/, 'bookies'],
  [/^elasticsearch\.elasticsearch-data.*\.replicas$/, 'data nodes'],
  [/^elasticsearch\.elasticsearch-warm.*\.replicas$/, 'warm nodes'],
  [/^elasticsearch\.elasticsearch-master\.replicas$/, 'masters'],
  [/^zookeeper\.replicas/, 'ZooKeeper nodes'],
]

/** Generations of passwords, of which one changes at a time: the new users are made with the password of the administrator. */
const GENERATIONS = ['elasticsearch.passwordGeneration', 'elasticsearch.adminPasswordGeneration']
const ONE_GENERATION =
  'the other generation of passwords changes too, and the Job that makes users could not log in; change one, `up`, then the other'

/** What a stack allows the guard to let pass. */
export interface Allowances {
  /** Changes that an operator has prepared, as `zookeeper.replicas=3`. They do not help with what is fixed. @default [] */
  readonly acknowledge?: readonly string[]
  /** Whether a Job drains servers that hold data before they go. @default false */
  readonly drains?: boolean
  /** Servers that go without that, as `bookkeeper.replicas=4>3`. @default [] */
  readonly skipCheck?: readonly string[]
}

/** What is to be said of the changes between two states of a stack. */
export interface Judgement {
  /** Those that could destroy data, each with the way out. */
  readonly refused: readonly string[]
  /** Those that a reviewer must know of. */
  readonly said: readonly string[]
}

/** The changes between two states of a stack: which are refused, and which servers are drained. */
export function judgedChanges(before: Facts, after: Facts, allowances: Allowances = {}): Judgement {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const known =
    before['platform.namespace'] === undefined
      ? before
      : { ...ASSUMED, ...classOfOlder(before), ...volumesOfOlder(before), ...before }
  const all = keys.flatMap((key): readonly Judgement[] => {
    const [old, now] = [known[key], after[key] ?? 'none']
    return old === undefined || old === now ? [] : [judged(key, known, after, allowances)]
  })
  return { refused: all.flatMap(({ refused }) => refused), said: all.flatMap(({ said }) => said) }
}

/** Data nodes had the class of all nodes before they could have one of their own. */
function classOfOlder(before: Facts): Facts {
  const [first, all] = ['elasticsearch.elasticsearch-data', before['elasticsearch.storageClass']]
  return before[`${first}.diskGib`] === undefined || all === undefined ? {} : { [`${first}.storageClass`]: all }
}

/** Bookies had one volume for each disk. */
function volumesOfOlder(before: Facts): Facts {
  return before['bookkeeper.journalGib'] === undefined
    ? {}
    : { 'bookkeeper.journalVolumes': '1', 'bookkeeper.ledgerVolumes': '1' }
}

/** A fact of a set without servers: nothing is left that could be lost. */
function isOfEmpty(key: string, before: Facts): boolean {
  return before[key] === '0' || before[key.replace(/[^.]+$/, 'empty')] !== undefined
}

/** The replicas of their set say it too. */
function isJudgedAsSet(key: string, { drains = false }: Allowances): boolean {
  return drains && key === 'elasticsearch.masterNodes'
}

/** The uid of the cluster is that of `kube-system`, or that of the namespace where the stack does not create it: these do not compare. */
function isOfOtherKind(key: string, before: Facts, after: Facts): boolean {
  const created = 'platform.createNamespace'
  return key === 'cluster' && after[created] !== undefined && before[created] !== after[created]
}

function judged(key: string, before: Facts, after: Facts, allowances: Allowances): Judgement {
  const [old, now] = [before[key] as string, after[key] ?? 'none']
  if (now === 'none' ? isOfEmpty(key, before) : isJudgedAsSet(key, allowances)) return NOTHING
  if (isOfOtherKind(key, before, after)) return NOTHING
  const change = `${key} would go from ${old || 'none'} to ${now || 'none'}`
  const never = neverAllowed(key, before, after)
  if (never !== undefined) return refusing(`${change}: ${never}`)
  const drainable = DRAINABLE.find(([pattern]) => pattern.test(key))
  if (allowances.drains && drainable !== undefined) {
    const [pattern, servers] = drainable
    return drained({ key, old, now, servers, others: takers(pattern, before, after) }, allowances)
  }
  const remedy = key.endsWith('.version') ? versionRemedy(key, before, after) : remedyFor(key, old, now)
  if (remedy === undefined || allowances.acknowledge?.includes(`${key}=${now}`)) return NOTHING
  return refusing(`${change}: ${remedy}. If that is done, state platform.acknowledge: ["${key}=${now}"]`)
}

/** Servers of one kind that existed before and stay. */
function takers(kind: RegExp, before: Facts, after: Facts): number {
  const stays = (facts: Facts, key: string) => Number(facts[key] ?? 0) > 0
  return Object.keys(before).filter((key) => kind.test(key) && stays(before, key) && stays(after, key)).length
}

interface Shrinking {
  readonly key: string
  readonly old: string
  readonly now: string
  readonly servers: Leaving
  readonly others: number
}

/** A Job drains servers before they go, and verifies it. So only what no drain makes safe is refused. */
function drained({ key, old, now, servers, others }: Shrinking, { skipCheck = [] }: Allowances): Judgement {
  const change = `${key} would go from ${old} to ${now}`
  const skipped = `${key}=${old}>${now}`
  const used = skipCheck.find((entry) => entry.startsWith(`${key}=`) && entry !== skipped)
  // One that stays would hold for a later change with the same numbers.
  if (used !== undefined)
    return refusing(`${change}: platform.skipCheck has ${used}, which is for another change; remove it`)
  if (skipCheck.includes(skipped) && servers === 'masters')
    return refusing(
      `${change}: masters cannot go without a check, because those that stay would be no majority and elect nobody; remove ${skipped} from platform.skipCheck`,
    )
  if (skipCheck.includes(skipped))
    return saying(
      `${change} WITHOUT A CHECK, as platform.skipCheck says: its ${servers} are not drained, and what only they hold is lost. Remove the entry after this update`,
    )
  const anyway = `If its data is lost anyway, state platform.skipCheck: ["${skipped}"]`
  if (now === 'none')
    return refusing(
      `${change}: no zone may lose all its ${servers}, because the copies of the others count on it; keep one in each. To replace a whole set, drain it to 0 first, next to the other one. ${anyway}`,
    )
  if (now === '0' && others === 0)
    return refusing(
      `${change}: no other ${servers} of the stack could take over what its ${servers} hold; keep them in this update, and drain them when the other set runs. ${anyway}`,
    )
  return Number(now) < Number(old) ? saying(`${change}: its last ${servers} ${LEAVING[servers]}`) : NOTHING
}

const NOTHING: Judgement = { refused: [], said: [] }

function refusing(text: string): Judgement {
  return { refused: [text], said: [] }
}

function saying(text: string): Judgement {
  return { refused: [], said: [text] }
}

/** Servers whose version is a fact, each with a fact that there is only while it is of the stack. */
const VERSIONED: readonly (readonly [Server, string])[] = [
  ['pulsar', 'pulsar.clusterName'],
  ['elasticsearch', 'elasticsearch.masterNodes'],
]

function versionRemedy(key: string, before: Facts, after: Facts): string | undefined {
  const [server, mark] = VERSIONED.find(([name]) => key === `${name}.version`) as (typeof VERSIONED)[number]
  const [old, now] = [before[key] as string, after[key]]
  if (now === undefined)
    return after[mark] === undefined
      ? undefined
      : `the image names no version, so that nothing could be compared; state ${key}`
  const versions = VERSIONED.map(([name]) => `${name}.version`)
  return stepFault(server, old, now) ?? (changesAll(versions, before, after) ? ONE_AT_A_TIME : undefined)
}

const ONE_AT_A_TIME =
  'two servers change in one update, and a failure could be of either; state the old version of one, and upgrade it when the other has been checked'

function changesAll(keys: readonly string[], before: Facts, after: Facts): boolean {
  return keys.every((key) => {
    const [old, now] = [before[key], after[key]]
    return old !== undefined && now !== undefined && old !== now
  })
}

function remedyFor(key: string, old: string, now: string): string | undefined {
  if (GENERATIONS.includes(key)) return undefined
  const find = (rules: typeof SHRINK) => rules.find(([pattern]) => pattern.test(key))?.[1]
  if (now === 'none' && key.endsWith('Gib')) return LEFT_BEHIND
  return find(PREPARED) ?? (isLess(old, now) ? (find(SHRINK) ?? 'what it counts holds data') : undefined)
}

/** Why a change is refused, whatever an operator has prepared. */
function neverAllowed(key: string, before: Facts, after: Facts): string | undefined {
  if (GENERATIONS.includes(key) && changesAll(GENERATIONS, before, after)) return ONE_GENERATION
  if (VOLUMES.test(key)) return FIXED_VOLUMES
  const less = isLess(before[key] as string, after[key] ?? 'none')
  return FIXED[key] ?? (less ? NEVER_LESS.find(([pattern]) => pattern.test(key))?.[1] : undefined)
}

function isLess(old: string, now: string): boolean {
  return now === 'none' || Number(now) < Number(old)
}
