import type { Client } from '@elastic/elasticsearch'
import type { Registry } from 'prom-client'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import type { Topics } from '../names.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import type { Transport } from '../queue/port.ts'
import { version } from '../version.ts'
import { adviceFor } from './advice.ts'
import { collector } from './collector.ts'
import { deadLetterDesk } from './dead-letters.ts'
import { figuresOf } from './figures.ts'
import type { HistoryView } from './history.ts'
import { observer, type Publishing } from './observe.ts'
import type { ConsoleData } from './routes.ts'
import type { State } from './state.ts'

export interface ConsoleDependencies {
  readonly config: Config
  readonly topics: Topics
  readonly admin: PulsarAdmin
  readonly transport: Transport
  readonly search: Client
  /** The metrics of this process. */
  readonly registry: Registry
  readonly publishing: Publishing
  readonly log: Logger
}

/** What the console shows and does. Nothing is collected before somebody asks for its figures. */
export function operatorConsole(dependencies: ConsoleDependencies): ConsoleData & { close(): Promise<void> } {
  const { config, admin, transport, topics, log } = dependencies
  const collected = collector({ observe: observer(dependencies), log })
  return {
    state: async () => stateOf(await collected.past(), config),
    desk: deadLetterDesk({ admin, transport, topics }),
    close: () => collected.close(),
  }
}

export function stateOf(past: HistoryView, config: Config): State {
  const figures = figuresOf(past, config)
  const namesInstances = config.consoleInstances !== ''
  return { version, namesInstances, ...figures, advice: adviceFor(figures, namesInstances) }
}
