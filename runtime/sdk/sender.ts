import { Agent } from 'undici'
import { v7 as uuidV7 } from 'uuid'
import { messageOf } from '../errors.ts'
import { LogLimit } from '../log-limit.ts'
import { type Answer, type Delivered, deliver } from './deliver.ts'
import { type Settings, settingsOf } from './options.ts'
import { Spool, type SpoolFile } from './spool.ts'
import type { EventOptions, Outcome, Properties, Sender, SenderOptions } from './types.ts'
import { type Entry, Waiting } from './waiting.ts'

const BACKOFF = { baseMs: 200, maxMs: 30_000 }
const CLOSE_TIMEOUT_MS = 10_000
/** A call that has failed for so long is reported. */
const REPORT_AFTER_MS = 10_000
/** Statuses that mean "now is not the time"; all others that are no refusal mean that something must be repaired. */
const PASSING: readonly number[] = [0, 408, 429, 500, 502, 503, 504]
const HOUR_MS = 3600 * 1000

interface Queued extends Entry {
  readonly settle: (outcome: Outcome) => void
  readonly file: SpoolFile | undefined
}

/**
 * Makes a sender. Events are sent in bulks, one visitor in each call, and again with the same ids until they are stored.
 *
 * @throws TypeError which names the options that are wrong. Error when the spool cannot be used.
 */
export function createSender(options: SenderOptions): Sender {
  const sender = new QueueSender(settingsOf(options))
  for (const signal of options.closeOn ?? []) {
    process.once(signal, () => void sender.close().finally(() => process.kill(process.pid, signal)))
  }
  return sender
}

const SERVER_SESSION = 'server'

/**
 * Whose event it is, as JSON. Ids are made here, not by the API: a repetition, by this process or another one, must be about the same
 * visitor. The state of a session that is no visit is not stored.
 */
function visitorOf({ profile, session }: EventOptions): string {
  const known = profile === undefined ? {} : { profile: { id: profile } }
  if (session !== undefined) return JSON.stringify({ session: { id: session }, ...known })
  const id = profile === undefined ? SERVER_SESSION : `${profile}.${SERVER_SESSION}`
  const options = { saveSession: false, ...(profile === undefined ? { saveProfile: false } : {}) }
  return JSON.stringify({ session: { id }, ...known, options })
}

class QueueSender implements Sender {
  readonly #settings: Settings
  readonly #agent: Agent
  readonly #waiting: Waiting<Queued>
  readonly #spool: Spool | undefined
  readonly #limit = new LogLimit(() => performance.now())
  readonly #givingUp = new AbortController()
  #events = 0
  #bytes = 0
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #flushing = false
  #closing: Promise<void> | undefined
  #whenRoom: (() => void)[] = []
  #whenEmpty: (() => void)[] = []

  constructor(settings: Settings) {
    this.#settings = settings
    this.#agent = new Agent({ connections: settings.concurrency, pipelining: 1 })
    this.#waiting = new Waiting(settings)
    this.#spool = settings.spool && new Spool(settings.spool)
    this.#refill()
    this.#pump()
  }

  async track(type: string, properties: Properties = {}, options: EventOptions = {}): Promise<Outcome> {
    const id = options.id ?? uuidV7()
    if (this.#closing) return this.#dropped(id, 'closed')
    let entry: Entry
    try {
      entry = this.#entryOf(id, type, properties, options)
    } catch (error) {
      return this.#refused(id, 0, messageOf(error))
    }
    return this.#keep(entry)
  }

  async ready(): Promise<void> {
    while (!this.#hasRoom(0) && !this.#closing) await new Promise<void>((resolve) => this.#whenRoom.push(resolve))
  }

  async flush(): Promise<void> {
    if (this.#events === 0) return
    this.#flushing = true
    const empty = new Promise<void>((resolve) => this.#whenEmpty.push(resolve))
    this.#pump()
    await empty
  }

  close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The rest of `track`, up to the first wait: so events keep their order, and the disk has them when it returns. */
  #keep(entry: Entry): Promise<Outcome> | Outcome {
    const inMemory = this.#hasRoom(entry.bytes) && !this.#spool?.hasMore
    const file = this.#append(entry, inMemory)
    if (inMemory) return new Promise((settle) => this.#add({ ...entry, settle, file }))
    return file ? { kind: 'spooled', id: entry.id } : this.#dropped(entry.id, 'full')
  }

  #append(entry: Entry, inMemory: boolean): SpoolFile | undefined {
    return this.#onDisk((spool) => {
      const file = spool.append(entry, inMemory)
      if (!file) this.#report('full spool', 'the spool is full: events are kept in memory only')
      return file
    })
  }

  /** A disk that fails must not stop what is in memory. */
  #onDisk<T>(work: (spool: Spool) => T): T | undefined {
    try {
      return this.#spool && work(this.#spool)
    } catch (error) {
      this.#report('spool', `the spool cannot be used: ${messageOf(error)}`)
      return undefined
    }
  }

  #entryOf(id: string, type: string, properties: Properties, options: EventOptions): Entry {
    const { time = new Date(), context, tags } = options
    if (typeof type !== 'string' || type.trim() === '')
      throw new TypeError(`type is ${JSON.stringify(type)}; allowed: a text`)
    const happened = time.toISOString()
    // What happened earlier than it is registered is an import: its time is that of the event.
    const times = options.time ? { insert: happened, create: happened } : { create: happened }
    const json = JSON.stringify({ id, type, time: times, properties, context, tags })
    return { id, visitor: visitorOf(options), json, bytes: Buffer.byteLength(json), createdMs: Date.now() }
  }

  #hasRoom(bytes: number): boolean {
    const { queueEvents, queueBytes } = this.#settings
    return this.#events < queueEvents && this.#bytes + bytes <= queueBytes
  }

  #add(queued: Queued): void {
    this.#events += 1
    this.#bytes += queued.bytes
    this.#waiting.add(queued, performance.now())
    this.#pump()
  }

  /** Reads from disk when memory is half empty. */
  #refill(): void {
    const { queueEvents, queueBytes } = this.#settings
    while (this.#spool?.hasMore && this.#events <= queueEvents / 2 && this.#bytes <= queueBytes / 2) {
      const loaded = this.#onDisk((spool) => spool.load())
      if (!loaded) return
      const { file, entries, damaged } = loaded
      if (damaged > 0)
        this.#report('damaged', `${damaged} events of the spool are damaged, and were dropped: ${file.path}`)
      for (const entry of entries) this.#add({ ...entry, file, settle: () => undefined })
    }
  }

  #pump(): void {
    const now = this.#flushing || this.#closing !== undefined
    while (this.#underWay.size < this.#settings.concurrency) {
      const bulk = this.#waiting.take(performance.now(), now)
      if (bulk.length === 0) break
      const sending = this.#send(bulk).finally(() => {
        this.#underWay.delete(sending)
        this.#pump()
      })
      this.#underWay.add(sending)
    }
    clearTimeout(this.#timer)
    const dueInMs = this.#waiting.dueInMs(performance.now())
    const isFree = this.#underWay.size < this.#settings.concurrency
    this.#timer = isFree && dueInMs !== undefined ? setTimeout(() => this.#pump(), dueInMs) : undefined
  }

  /** A call with a fault is halved until what the API refuses is alone. */
  async #send(bulk: readonly Queued[]): Promise<void> {
    const current = this.#withoutExpired(bulk)
    const [first] = current
    if (!first) return
    const delivered = await this.#deliver(current, first.createdMs)
    if (delivered.kind === 'refused' && current.length > 1) {
      const half = Math.ceil(current.length / 2)
      await this.#send(current.slice(0, half))
      await this.#send(current.slice(half))
    } else if (delivered.kind === 'again' && !this.#givingUp.signal.aborted) await this.#send(current)
    else for (const queued of current) this.#conclude(queued, delivered)
  }

  #withoutExpired(bulk: readonly Queued[]): readonly Queued[] {
    const expired = bulk.filter(({ createdMs }) => Date.now() - createdMs >= this.#settings.queueHours * HOUR_MS)
    for (const queued of expired) this.#settle(queued, this.#dropped(queued.id, 'expired'))
    return bulk.filter((queued) => !expired.includes(queued))
  }

  #deliver(bulk: readonly Queued[], oldestMs: number): Promise<Delivered> {
    const { url, source, secret, queueHours } = this.#settings
    const { visitor } = bulk[0] as Queued
    const body = `{"source":${JSON.stringify({ id: source })},${visitor.slice(1, -1)},"events":[${bulk.map(({ json }) => json)}]}`
    const tryAgain = (answer: Answer, sinceMs: number) => {
      if (!PASSING.includes(answer.status) || sinceMs > REPORT_AFTER_MS)
        this.#report('unavailable', `${url} answers ${answer.status || 'nothing'}: ${answer.text}; events wait`)
      return Date.now() - oldestMs < queueHours * HOUR_MS
    }
    const { signal } = this.#givingUp
    return deliver(this.#agent, `${url}/track`, body, { secret, backoff: BACKOFF, tryAgain, signal })
  }

  #conclude(queued: Queued, { kind, status, text }: Delivered): void {
    const { id, file } = queued
    if (kind === 'stored') this.#settle(queued, { kind, id })
    else if (kind === 'refused') this.#settle(queued, this.#refused(id, status, text))
    else if (file) this.#forget(queued, { kind: 'spooled', id })
    else this.#forget(queued, this.#dropped(id, 'closed'))
  }

  #settle(queued: Queued, outcome: Outcome): void {
    const { file } = queued
    if (file) this.#onDisk((spool) => spool.settled(file))
    this.#forget(queued, outcome)
    this.#refill()
    this.#noticeEmpty()
  }

  /** It is no longer in memory. */
  #forget(queued: Queued, outcome: Outcome): void {
    this.#events -= 1
    this.#bytes -= queued.bytes
    queued.settle(outcome)
    if (this.#hasRoom(0)) for (const resolve of this.#whenRoom.splice(0)) resolve()
  }

  #noticeEmpty(): void {
    if (this.#events > 0) return
    this.#flushing = false
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#givingUp.abort(), timeoutMs)
    await new Promise<void>((resolve) => {
      this.#givingUp.signal.addEventListener('abort', () => resolve())
      void this.flush().then(resolve)
    })
    clearTimeout(timer)
    clearTimeout(this.#timer)
    for (const queued of this.#waiting.takeAll()) this.#conclude(queued, { kind: 'again', status: 0, text: '' })
    await Promise.all(this.#underWay)
    await this.#agent.close()
    this.#onDisk((spool) => spool.close())
    for (const resolve of [...this.#whenRoom.splice(0), ...this.#whenEmpty.splice(0)]) resolve()
  }

  #refused(id: string, status: number, detail: string): Outcome {
    this.#report('refused', `event ${id} was refused (${status}): ${detail}`)
    return { kind: 'refused', id, status, detail }
  }

  #dropped(id: string, reason: 'full' | 'expired' | 'closed'): Outcome {
    this.#report(reason, `event ${id} was dropped: ${reason}`)
    return { kind: 'dropped', id, reason }
  }

  #report(kind: string, text: string): void {
    const count = this.#limit.count(kind)
    if (count === undefined) return
    const more = count > 1 ? ` (${count} since the last report)` : ''
    const { onProblem = (problem) => process.emitWarning(problem, 'TracardiSender') } = this.#settings
    try {
      onProblem(`${text}${more}`)
    } catch (error) {
      process.emitWarning(`onProblem has failed: ${messageOf(error)}`, 'TracardiSender')
    }
  }
}
