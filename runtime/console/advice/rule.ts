import { CAUSES, type CauseCode } from '../../telemetry/causes.ts'
import type { Trouble } from '../../troubles.ts'
import type { Advice, Figures, InstanceFigures } from '../state.ts'

/** What holds at one moment. `sinceMs` is given where the figures know it. */
export type Finding = Omit<Advice, 'sinceMs'> & { readonly sinceMs?: number }

export type Rule = (figures: Figures, namesInstances: boolean) => Finding | undefined

type Details = Pick<Finding, 'severity' | 'facts' | 'text' | 'where'> &
  Partial<Pick<Finding, 'title' | 'reason' | 'commands' | 'sinceMs'>>

/** The first calls and bulks of processes that have just started are slow. A median of less time says nothing else. */
export const ENOUGH_SECONDS = 15

/** Titles are those of the causes, unless they have numbers. */
export function finding(code: CauseCode, { title = CAUSES[code].title, commands = [], ...details }: Details): Finding {
  return { code, title, commands, ...details }
}

/** Adds what was said last, if anything was. */
export function withReason(trouble: Pick<Trouble, 'reason' | 'fromMs'> | undefined): Partial<Finding> {
  return trouble === undefined || trouble.reason === '' ? {} : { reason: trouble.reason, sinceMs: trouble.fromMs }
}

export function running(instances: readonly InstanceFigures[], program: 'api' | 'worker'): readonly InstanceFigures[] {
  return instances.filter((instance) => instance.program === program && instance.reason === undefined)
}

export function total(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

/** The latest trouble of one of the kinds, of any instance. */
export function latestTrouble(
  instances: readonly InstanceFigures[],
  isMeant: (trouble: Trouble) => boolean,
): (Trouble & { readonly url: string }) | undefined {
  const found = instances.flatMap(({ url, troubles }) =>
    troubles.filter(isMeant).map((trouble) => ({ ...trouble, url })),
  )
  return found.sort((one, other) => other.lastMs - one.lastMs)[0]
}
