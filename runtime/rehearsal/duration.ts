const SECONDS = { s: 1, m: 60, h: 3600 } as const

/** Seconds of `30s`, `10m`, `1.5h`; `undefined` of anything else. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * SECONDS[unit as keyof typeof SECONDS]
}

/** `45 s`, `10 min`, `1 h 30 min`. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
