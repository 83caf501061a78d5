const SECONDS = { s: 1, m: 60, h: 3600 } as const

/** Seconds of `30s`, `10m`, `1.5h`; `undefined` of anything else. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * SECONDS[unit as keyof typeof SECONDS]
}
