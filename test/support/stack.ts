import { fileURLToPath } from 'node:url'
import { planOf } from '../../infra/config/plan.ts'
import { readStackFile } from '../../infra/config/stack-file.ts'
import { Images } from '../../infra/images.ts'
import type { Tier } from '../../infra/kubernetes/tiers.ts'
import { type Certificate, type MonitoredStack, monitoredStackOf } from '../../infra/observability/monitored-stack.ts'
import { Platform } from '../../infra/platform.ts'
import { settledPlatform } from '../../infra/platform-args.ts'
import { monitoredArgs } from '../../infra/platform-derived.ts'
import { platformSettings } from '../../infra/stack-args.ts'
import { type Registered, registered } from './registered.ts'

export const STACKS = ['dev', 'staging', 'production'] as const
export type StackName = (typeof STACKS)[number]

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

type Raw = Readonly<Record<string, unknown>>

/** A stack's configuration with some keys changed, group by group. */
export function changed(stack: StackName, changes: Readonly<Record<string, unknown>> = {}): Raw {
  const raw: Record<string, unknown> = { ...readStackFile(stack) }
  for (const [group, values] of Object.entries(changes)) {
    raw[group] =
      typeof values === 'object' && !Array.isArray(values)
        ? { ...(raw[group] as object), ...(values as object) }
        : values
  }
  return raw
}

/** What alerts and dashboards of a stack query, where it has these tiers and certificates. */
export function watchedBy(raw: Raw, tiers: readonly Tier[], certificates: readonly Certificate[]): MonitoredStack {
  const settled = settledPlatform('platform', platformSettings(planOf(raw)))
  return monitoredStackOf({ ...monitoredArgs(settled, ''), tiers }, certificates)
}

const registrations = new Map<string, Promise<readonly Registered[]>>()

/** Everything that a stack manages, with all inputs settled; once for the same configuration. */
export function registeredBy(raw: Raw): Promise<readonly Registered[]> {
  const key = JSON.stringify(raw)
  const known = registrations.get(key) ?? register(raw)
  registrations.set(key, known)
  return known
}

function register(raw: Raw): Promise<readonly Registered[]> {
  const plan = planOf(raw)
  return registered((opts) => {
    const images = new Images('images', { ...plan.images, root: ROOT, prefix: '' }, opts)
    new Platform('platform', { ...platformSettings(plan), runtimeImage: images.runtime, prefix: '' }, opts)
  })
}
