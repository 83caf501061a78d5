import { isDeepStrictEqual } from 'node:util'
import type { Call } from '../../runtime/send/generate.ts'
import {
  type Balance,
  eventCounts,
  nextBooks,
  type SourceCounts,
  sourceCounts,
} from '../../runtime/telemetry/balance.ts'
import { added, countersOf, difference } from '../../runtime/telemetry/counters.ts'
import { balanceInWords } from '../../runtime/telemetry/format.js'
import { scrape } from '../../runtime/telemetry/instances.ts'
import type { Metrics } from '../../runtime/telemetry/metrics.ts'
import { eventually } from '../support/until.ts'
import { callOf, post } from './load.ts'
import type { System } from './system.ts'

const SOURCES = ['my-source', 'other-source'] as const
/** Of each source. Each kind of event that there is, in numbers that no others add up to. */
const CALLS = 20
const EVENTS = 25
const REPEATED_CALLS = 3
const CONFLICTS = 11
const DEAD_LETTERS = 7
const NOT_STORED = 13
const FAULT_MS = 3000
const METRICS_LIMIT_MS = 5000

/** Dead letters that `holdSum` makes. */
export const DEAD_LETTERS_OF_SUM: number = DEAD_LETTERS * SOURCES.length

const OF_EACH_SOURCE: Omit<SourceCounts, 'source'> = {
  in: (CALLS + REPEATED_CALLS) * EVENTS + 2 * CONFLICTS + DEAD_LETTERS + NOT_STORED,
  storedOrWaiting: CALLS * EVENTS + CONFLICTS,
  duplicates: REPEATED_CALLS * EVENTS,
  conflicts: CONFLICTS,
  deadLetters: DEAD_LETTERS,
  erased: 0,
  notStored: NOT_STORED,
}

export interface HeldSum {
  readonly words: string
  /** What is not as it was sent; empty when the sum is right to the last event. */
  readonly faults: readonly string[]
}

/**
 * Sends a known number of events of every kind, while Elasticsearch refuses operations and then writing, and compares what API and worker
 * count with what was sent, by source, and with what is stored. The load must be over. Programs that are killed lose counts, so nothing
 * is killed here.
 */
export async function holdSum(system: System): Promise<HeldSum> {
  const drained = () => eventually(async () => (await system.pipeline.backlog()) === 0)
  await drained()
  const [before, storedBefore] = [await countersNow(system), await storedBySource(system)]
  const books = nextBooks(undefined, eventCounts(difference(before, before)), AT_REST)
  system.searchProxy.fault = 'items-429'
  for (const source of SOURCES) await sendAll(system, source)
  await new Promise((resolve) => setTimeout(resolve, FAULT_MS))
  system.searchProxy.fault = undefined
  await setReadOnly(system, true)
  await new Promise((resolve) => setTimeout(resolve, FAULT_MS))
  await setReadOnly(system, null)
  await drained()

  const counted = difference(before, await countersNow(system))
  const counts = eventCounts(counted)
  const { balance } = nextBooks(nextBooks(books, counts, AT_REST), counts, AT_REST)
  const storedAfter = await storedBySource(system)
  const stored = SOURCES.map((source) => (storedAfter.get(source) ?? 0) - (storedBefore.get(source) ?? 0))
  return { words: balanceInWords(balance), faults: faultsOf(balance, sourceCounts(counted), stored) }
}

const AT_REST = { messages: 0, eventsPerMessage: null, isComplete: true }

async function sendAll(system: System, source: string): Promise<void> {
  const send = async (call: Call) => {
    const status = await post(system.pipeline.publicUrl, { ...call, source: { id: source } })
    if (status !== 200) throw new Error(`a call for the sum was answered ${status ?? 'nothing'}; expected: 200`)
  }
  const calls = Array.from({ length: CALLS }, () => callOf(EVENTS))
  for (const call of [...calls, ...calls.slice(0, REPEATED_CALLS)]) await send(call)
  const first = callOf(CONFLICTS, { properties: { version: 1 } })
  await send(first)
  await send({ ...first, events: first.events.map((event) => ({ ...event, properties: { version: 2 } })) })
  const refused = callOf(DEAD_LETTERS, { properties: { text: 'x'.repeat(40_000) } })
  await send(refused)
  for (const { id } of refused.events) system.load.refused.add(id)
  await send(callOf(NOT_STORED, { options: { saveEvent: false } }))
}

async function countersNow({ api, worker }: System): Promise<Metrics> {
  const answers = await Promise.all(
    [api, worker].map(({ privateUrl }) => scrape(privateUrl, METRICS_LIMIT_MS, Date.now)),
  )
  return answers.reduce<Metrics>((sum, answer) => {
    if (!answer.ok) throw new Error(`a program did not show its metrics: ${answer.reason}`)
    return added(sum, countersOf(answer.value.metrics))
  }, new Map())
}

async function storedBySource({ search, pipeline }: System): Promise<ReadonlyMap<string, number>> {
  const index = `${pipeline.eventAlias}-*`
  await search.indices.refresh({ index })
  const counts = SOURCES.map(async (source) => {
    const { count } = await search.count({ index, query: { term: { 'source.id': source } } })
    return [source, count] as const
  })
  return new Map(await Promise.all(counts))
}

async function setReadOnly({ search, pipeline }: System, on: true | null): Promise<void> {
  const settings = { 'index.blocks.write': on } as never
  await search.indices.putSettings({ index: `${pipeline.eventAlias}-*`, settings })
}

function faultsOf(balance: Balance, sources: readonly SourceCounts[], stored: readonly number[]): readonly string[] {
  const expected = { before: 0, waiting: 0, unexplained: 0 }
  const { before, waiting, unexplained } = balance
  const counted = new Map(sources.map(({ source, ...counts }) => [source, counts]))
  return [
    ...differing('the sum', { before, waiting, unexplained }, expected),
    ...SOURCES.flatMap((source, at) => [
      ...differing(`the events of ${source}`, counted.get(source), OF_EACH_SOURCE),
      ...differing(`what Elasticsearch has of ${source}`, stored[at], OF_EACH_SOURCE.storedOrWaiting),
    ]),
  ]
}

function differing(what: string, found: unknown, expected: unknown): readonly string[] {
  if (isDeepStrictEqual(found, expected)) return []
  return [`${what}: ${JSON.stringify(found)}; sent: ${JSON.stringify(expected)}`]
}
