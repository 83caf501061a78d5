import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi'
import { type CommandArgs, commandOnDemand } from './on-demand.ts'

export type EraseArgs = CommandArgs

/** What an operator says to an erasure, and what holds where nothing is said: a Job without a profile is refused. */
const ASKED = {
  ERASE_PROFILE: '',
  ERASE_BY: 'operator',
  ERASE_DOCUMENTS_PER_SECOND: '1000',
  ERASE_MODE: '--no-lift',
} as const

/**
 * The template of the Jobs that erase a profile: "Erase a profile" in docs/operations.md. It has the token of the API, whose role alone
 * may read dead letters.
 */
export class Erase extends ComponentResource {
  constructor(name: string, args: EraseArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Erase', name, {}, opts)
    const flags = [
      ...['--profile', '$(ERASE_PROFILE)', '--by', '$(ERASE_BY)'],
      ...['--documents-per-second', '$(ERASE_DOCUMENTS_PER_SECOND)', '$(ERASE_MODE)'],
    ]
    commandOnDemand(name, args, { rights: 'api', args: ['erase', ...flags], asked: ASKED }, this)
    this.registerOutputs()
  }
}
