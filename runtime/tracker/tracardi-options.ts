import type { ContextOptions, Listeners, TrackerOptions } from './types.ts'

/** The global `options` of a page that is written for Tracardi's own snippet. */
export interface TracardiOptions {
  readonly tracker?: {
    readonly url?: { readonly api?: string }
    readonly source?: { readonly id?: string }
    readonly profile?: { readonly id?: string }
    readonly context?: ContextOptions
    /** Tracardi's `respectDoNotTrack`, and any of our options by its name. */
    readonly settings?: Partial<TrackerOptions>
    readonly auto?: { readonly events?: TrackerOptions['autoEvents'] }
  }
  readonly listeners?: Listeners
}

/** The same in our words. */
export function fromTracardi({ tracker, listeners }: TracardiOptions): Partial<TrackerOptions> {
  return {
    ...tracker?.settings,
    api: tracker?.url?.api ?? '',
    source: tracker?.source?.id ?? '',
    profile: tracker?.profile?.id,
    context: tracker?.context,
    autoEvents: tracker?.auto?.events,
    listeners,
  }
}

/**
 * What the script's element says: `data-source`, `data-api`, and everything else as JSON in `data-options`.
 *
 * @throws SyntaxError when that is not JSON.
 */
export function fromDataset({
  options,
  ...named
}: Readonly<Record<string, string | undefined>>): Partial<TrackerOptions> {
  return { ...JSON.parse(options ?? '{}'), ...named }
}
