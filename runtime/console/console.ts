import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import type { Registry } from 'prom-client'
import { systemClock } from '../clock.ts'
import type { ConfigOf } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Topics } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import type { Transport } from '../queue/port.ts'
import type { Trouble } from '../troubles.ts'
import { version } from '../version.ts'
import { adviceOf } from './advice.ts'
import { type AdviceLog, mergedPast, NOTHING_ADVISED, nextAdvice } from './advice-log.ts'
import { deadLetterDesk } from './dead-letters.ts'
import { figuresOf } from './figures.ts'
import { History, type HistoryView } from './history.ts'
import { historyIndex } from './history-index.ts'
import type { Observation } from './observation.ts'
import { observer, type Publishing } from './observe.ts'
import { Recorder } from './recorder.ts'
import type { ConsoleData } from './routes.ts'
import type { State } from './state.ts'

export interface ConsoleDependencies {
  readonly config: ConfigOf<'api'>
  readonly topics: Topics
  readonly admin: PulsarAdmin
  readonly transport: Transport
  readonly search: Client
  /** The metrics of this process. */
  readonly registry: Registry
  /** What went wrong in this process. */
  readonly troubles: () => readonly Trouble[]
  readonly publishing: Publishing
  readonly log: Logger
}

export interface OperatorConsole extends ConsoleData {
  /** Begins to keep a sample of each minute. */
  start(): void
  close(): Promise<void>
}

/** What the console shows and does. Its figures are collected while somebody looks, and the samples of its history always. */
export function operatorConsole(dependencies: ConsoleDependencies): OperatorConsole {
  const { config, admin, transport, topics, search, log } = dependencies
  const observe = observer(dependencies)
  const recorder = new Recorder({ observe, index: historyIndex(search, config), clock: systemClock, log })
  let advised = NOTHING_ADVISED
  const onObserved = (past: HistoryView) => {
    const before = advised.past
    advised = advisedAfter(advised, past, config)
    recorder.keep(advised.past.filter((line) => !before.includes(line)))
  }
  const collected = collector({ observe, log, onObserved })
  const ofAllApis = (): AdviceLog => {
    return { ...advised, past: mergedPast([...advised.past, ...recorder.pastAdvice()], advised.standing) }
  }
  return {
    state: async () => stateOf(await collected.past(), config, ofAllApis()),
    advice: async () => {
      await collected.past()
      return adviceIn(ofAllApis())
    },
    history: () => recorder.timeline(),
    desk: deadLetterDesk({ admin, transport, topics }),
    start: () => recorder.start(),
    close: async () => {
      await recorder.stop()
      await collected.close()
    },
  }
}

function advisedAfter(log: AdviceLog, past: HistoryView, config: ConfigOf<'api'>): AdviceLog {
  return nextAdvice(log, adviceOf(figuresOf(past, config), namesInstancesIn(config)), past.latest.atMs)
}

function adviceIn({ standing: advice, past: pastAdvice }: AdviceLog): Pick<State, 'advice' | 'pastAdvice'> {
  return { advice, pastAdvice }
}

function namesInstancesIn({ consoleInstances }: ConfigOf<'api'>): boolean {
  return consoleInstances !== ''
}

/** @param advised before and now. @default as if nothing had been observed before */
export function stateOf(
  past: HistoryView,
  config: ConfigOf<'api'>,
  advised: AdviceLog = advisedAfter(NOTHING_ADVISED, past, config),
): State {
  const links = { grafana: config.consoleGrafanaUrl, kibana: config.consoleKibanaUrl }
  return { version, links, namesInstances: namesInstancesIn(config), ...figuresOf(past, config), ...adviceIn(advised) }
}

const INTERVAL_MS = 2000
/** When nobody has asked for so long, nobody looks. */
const IDLE_MS = 60_000

export interface Collector {
  /** What was seen so far. The first call begins the collecting, and waits for the first observation. */
  past(): Promise<HistoryView>
  close(): Promise<void>
}

export interface CollectorOptions {
  readonly observe: () => Promise<Observation>
  readonly log: Logger
  /** Called after each observation. */
  readonly onObserved?: (past: HistoryView) => void
  readonly now?: () => number
  readonly intervalMs?: number
  readonly idleMs?: number
}

/**
 * Observes every 2 s while somebody looks, and not at all when nobody has asked for a minute: a pipeline that nobody looks
 * at pays nothing for the console.
 */
export function collector({
  observe,
  log,
  onObserved = () => undefined,
  now = Date.now,
  intervalMs = INTERVAL_MS,
  idleMs = IDLE_MS,
}: CollectorOptions): Collector {
  const history = new History()
  const closing = new AbortController()
  let askedAtMs = 0
  let running: Promise<void> | undefined
  let first: Promise<void> = Promise.resolve()

  const observeOnce = async () => {
    try {
      history.add(await observe())
      if (history.past) onObserved(history.past)
    } catch (error) {
      log.warn({ err: error }, 'the console could not observe')
    }
  }
  const run = async () => {
    while (!closing.signal.aborted && now() - askedAtMs < idleMs) {
      await sleep(intervalMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      if (!closing.signal.aborted) await observeOnce()
    }
    running = undefined
  }

  return {
    past: async () => {
      askedAtMs = now()
      if (!running && !closing.signal.aborted) {
        first = observeOnce()
        running = first.then(run)
      }
      await first
      if (!history.past) throw new AppError('not_observed', 'nothing could be observed')
      return history.past
    },
    close: async () => {
      closing.abort()
      await running
    },
  }
}
