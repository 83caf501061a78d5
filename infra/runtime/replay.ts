import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { type CommandArgs, commandOnDemand } from './on-demand.ts'

export type ReplayArgs = CommandArgs

/** What an operator says to a replay, and what holds where nothing is said. */
const ASKED = { REPLAY_FROM: 'earliest', REPLAY_TO: 'now', REPLAY_EVENTS_PER_SECOND: '2000' } as const

/**
 * The template of the Jobs that store again what Pulsar keeps: "Fill a lost index again" in docs/operations.md. It has the rights of
 * a worker.
 */
export class Replay extends ComponentResource {
  constructor(name: string, args: ReplayArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Replay', name, {}, opts)
    const flags = [
      ...['--from', '$(REPLAY_FROM)', '--to', '$(REPLAY_TO)'],
      ...['--events-per-second', '$(REPLAY_EVENTS_PER_SECOND)'],
    ]
    commandOnDemand(name, args, { rights: 'worker', args: ['replay', ...flags], asked: ASKED }, this)
    this.registerOutputs()
  }
}
