import { type Outcome, outcomeOf } from '../outcome.ts'
import { type BulkLimits, bytesOf, type Entry, takeBulk } from './bulk.ts'
import type { Host } from './host.ts'
import { KeepaliveBudget } from './keepalive.ts'
import type { Pause } from './pause.ts'
import type { Queue } from './queue.ts'
import type { Result } from './types.ts'

/** The source is unknown or disabled, or pages of this origin may not use it. The events wait until that is fixed; it is reported once in a page. */
const DENIALS: readonly number[] = [401, 403]

export interface CallsWork {
  /** The call without its events. */
  envelope(sessionId: string): Readonly<Record<string, unknown>>
  /** What became of an event of this page; no result when another tab has sent it, or it was dropped. */
  settled(id: string, result: Result | undefined): void
  /** The API has taken a call. */
  answered(result: Result): void
}

/** The calls of this page: what they carry, what is under way, what became of it. */
export interface Calls {
  add(entry: Entry): void
  /** Ids of the events of this page that are not settled. */
  own(): readonly string[]
  /** The bulk that goes next of these events; nothing under way is sent a second time. */
  take(ids: readonly string[], limits: BulkLimits): readonly Entry[]
  /** The same, as far as a call that outlives the page can still carry it. */
  takeForEnd(ids: readonly string[], limits: BulkLimits): readonly Entry[]
  send(bulk: readonly Entry[]): Promise<Outcome['kind']>
  /** Settles what is no longer in the queue: another tab has sent it, or it was dropped. */
  settleOthers(): void
}

export function callsTo(url: string, host: Host, queue: Queue, pause: Pause, work: CallsWork): Calls {
  const budget = new KeepaliveBudget()
  const own = new Set<string>()
  const underWay = new Set<string>()
  let isDenied = false

  const take = (ids: readonly string[], limits: BulkLimits) =>
    takeBulk(
      ids.flatMap((id) => (underWay.has(id) ? [] : (queue.get(id) ?? []))),
      limits,
    )

  const body = (bulk: readonly Entry[]) => {
    const envelope = JSON.stringify(work.envelope(bulk[0]?.sessionId ?? ''))
    return `${envelope.slice(0, -1)},"events":[${bulk.map(({ json }) => json)}]}`
  }

  const settle = (id: string, result?: Result) => {
    if (own.delete(id)) work.settled(id, result)
  }

  const finish = (bulk: readonly Entry[], result: Result) => {
    for (const { id } of bulk) {
      queue.remove(id)
      settle(id, result)
    }
  }

  const warnOf = (kind: Outcome['kind'], [first]: readonly Entry[], { status, data }: Result) => {
    if (kind !== 'again' || !isDenied) host.warn(`refused (${status}): ${first?.json} ${JSON.stringify(data)}`)
  }

  const conclude = (kind: Outcome['kind'], bulk: readonly Entry[], result: Result) => {
    if (kind === 'stored') work.answered(result)
    else if (kind === 'again' ? !DENIALS.includes(result.status) : bulk.length > 1) return
    else warnOf(kind, bulk, result)
    isDenied = kind === 'again'
    // The events continue to wait; this page or the next one sends them.
    if (isDenied) for (const id of own) work.settled(id, result)
    else finish(bulk, result)
  }

  return {
    add: (entry) => {
      own.add(entry.id)
      queue.add(entry)
    },
    own: () => [...own],
    take,
    takeForEnd: (ids, { events, bytes }) => {
      const [first] = take(ids, { events: 1, bytes })
      if (!first) return []
      const envelopeBytes = bytesOf(body([{ ...first, json: '' }]))
      const bulk = take(ids, { events, bytes: Math.min(bytes, budget.left - envelopeBytes) })
      return bytesOf(body(bulk)) > budget.left ? [] : bulk
    },
    send: async (bulk) => {
      const text = body(bulk)
      const bytes = bytesOf(text)
      const keepalive = budget.take(bytes)
      for (const { id } of bulk) underWay.add(id)
      const response = await host.post(url, text, keepalive)
      if (keepalive) budget.giveBack(bytes)
      for (const { id } of bulk) underWay.delete(id)
      const outcome = outcomeOf(response, host.nowMs())
      const result = { status: response?.status ?? 0, data: response?.data ?? undefined }
      if (outcome.kind === 'again') pause.begin(response !== undefined, outcome.afterMs, host.nowMs(), host.random())
      else pause.end()
      conclude(outcome.kind, bulk, result)
      return outcome.kind
    },
    settleOthers: () => {
      for (const id of own) if (!queue.get(id)) settle(id)
    },
  }
}
