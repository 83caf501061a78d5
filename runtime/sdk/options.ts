import type { SenderOptions } from './types.ts'

/** What holds where a program says nothing; units as in `SenderOptions`. */
const defaults = {
  bulkEvents: 100,
  bulkBytes: 512 * 1024,
  bulkMs: 50,
  concurrency: 4,
  queueEvents: 10_000,
  queueBytes: 16 * 1024 * 1024,
  queueHours: 144,
} as const

/** Those on which a process can still drain. */
const SIGNALS: readonly string[] = ['SIGHUP', 'SIGINT', 'SIGTERM']

type Defaults = typeof defaults

export type Settings = SenderOptions & Required<Pick<SenderOptions, keyof Defaults>>

/** @throws TypeError which names all options that are wrong. */
export function settingsOf(options: SenderOptions): Settings {
  const settings = { ...defaults, ...options }
  const faults = [
    ...(isHttpUrl(settings.url)
      ? []
      : [`url is ${shown(settings.url)}; allowed: a URL like https://events.example.com`]),
    ...(settings.source ? [] : [`source is ${shown(settings.source)}; allowed: the id of an event source`]),
    ...(settings.closeOn ?? [])
      .filter((signal) => !SIGNALS.includes(signal))
      .map((signal) => `closeOn has ${shown(signal)}; allowed: ${SIGNALS.join(', ')}`),
    ...(Object.keys(defaults) as (keyof Defaults)[]).flatMap((name) => faultOf(name, settings[name])),
  ]
  if (faults.length > 0) throw new TypeError(`createSender: ${faults.join('; ')}`)
  return { ...settings, url: settings.url.replace(/\/+$/, '') }
}

function faultOf(name: keyof Defaults, value: number): string[] {
  const least = name === 'bulkMs' ? 0 : 1
  return Number.isFinite(value) && value >= least ? [] : [`${name} is ${shown(value)}; allowed: a number from ${least}`]
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:/.test(url)
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
