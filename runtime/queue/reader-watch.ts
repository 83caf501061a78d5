import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { DroppingPolicies, PulsarAdmin } from './admin.ts'
import { judge, type Reader, type ReaderSnapshot, type Verdict } from './reader.ts'

/** Between two questions to the admin API; an answer that is late delays the next one. */
const POLL_MS = 1000
/** Where the token may not read policies, it is asked again so often: rights are given by hand. */
const REFUSED_POLICIES_MS = 60_000

type Asked = Pick<PulsarAdmin, 'topicFacts' | 'droppingPolicies'>

export interface ReaderWatch {
  /** At this moment: facts grow old without an answer too. */
  verdict(): Verdict
  close(): Promise<void>
}

export interface WatchOptions {
  readonly log: Logger
  readonly nowMs: () => number
  /** Called after each answer, or each request without one. */
  readonly onVerdict: (verdict: Verdict) => void
}

/** Asks the servers again and again whether what is published will be read, and logs each change. */
export function watchReader(admin: Asked, reader: Reader, { log, nowMs, onVerdict }: WatchOptions): ReaderWatch {
  const stop = new AbortController()
  const policies = policyReader(admin, reader.topic, log, nowMs)
  let known: ReaderSnapshot = {
    facts: undefined,
    policies: undefined,
    readAtMs: Number.NEGATIVE_INFINITY,
    partitionsAtMs: new Map(),
    fault: undefined,
  }
  let told = ''

  const ask = async () => {
    try {
      const [facts, inForce] = await Promise.all([admin.topicFacts(reader.topic), policies()])
      const readAtMs = nowMs()
      const answered = [...facts.found.keys()].map((partition) => [partition, readAtMs] as const)
      const partitionsAtMs = new Map([...known.partitionsAtMs, ...answered])
      known = { facts, policies: inForce, readAtMs, partitionsAtMs, fault: undefined }
    } catch (error) {
      known = { ...known, fault: messageOf(error) }
    }
  }
  const tell = () => {
    const verdict = judge(known, reader, nowMs())
    onVerdict(verdict)
    const codes = [...verdict.closed, ...verdict.leftOut.map(({ reason }) => reason)].map(({ code }) => code)
    const state = JSON.stringify([verdict.open, codes])
    if (state === told) return
    told = state
    const partitions = { open: verdict.open, left_out: verdict.leftOut.map(({ partition }) => partition) }
    const [first] = [...verdict.closed, ...verdict.leftOut.map(({ reason }) => reason)]
    const facts = { ...partitions, codes: [...new Set(codes)], reason: first?.text }
    if (verdict.closed.length > 0)
      log.error(facts, 'events are refused: Pulsar does not confirm that they would be read')
    else if (first) log.warn(facts, 'partitions are skipped')
    else log.info(facts, 'Pulsar confirms that events are read')
  }
  const run = async () => {
    while (!stop.signal.aborted) {
      await ask()
      if (!stop.signal.aborted) tell()
      await sleep(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const ended = run()
  return {
    verdict: () => judge(known, reader, nowMs()),
    close: async () => {
      stop.abort()
      await ended
    },
  }
}

/** Reads the policies with every question, and seldom where the token may not. */
function policyReader(admin: Asked, topic: string, log: Logger, nowMs: () => number) {
  let askAgainAtMs = Number.NEGATIVE_INFINITY
  return async (): Promise<DroppingPolicies | undefined> => {
    if (nowMs() < askAgainAtMs) return undefined
    const policies = await admin.droppingPolicies(topic)
    if (policies) return policies
    if (askAgainAtMs === Number.NEGATIVE_INFINITY) {
      log.info({ topic }, 'this token may not read policies: the policies that set-up has set for the topic protect it')
    }
    askAgainAtMs = nowMs() + REFUSED_POLICIES_MS
    return undefined
  }
}
