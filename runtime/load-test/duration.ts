const SECONDS = { s: 1, m: 60, h: 3600 } as const

/** Seconds of `30s`, `10m`, `1.5h`; `undefined` of anything else. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * SECONDS[unit as keyof typeof SECONDS]
}

/** The two largest units: `45 s`, `2 min 30 s`, `10 min`, `1 h 30 min`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  if (whole < 7200) return inTwo(whole, 60, 'min', 's')
  return inTwo(Math.round(whole / 60), 60, 'h', 'min')
}

function inTwo(value: number, size: number, larger: string, smaller: string): string {
  const rest = value % size
  return `${Math.floor(value / size)} ${larger}${rest === 0 ? '' : ` ${rest} ${smaller}`}`
}
