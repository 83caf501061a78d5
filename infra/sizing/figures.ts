const SHORT = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
const QUARTERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/**
 * A number as reasons show it: thousands with commas; below 100 three significant digits, otherwise whole. A multiple of a
 * quarter below 100 is exact, as heaps are, which people copy.
 */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return WHOLE.format(value)
  return (Number.isInteger(value * 4) ? QUARTERS : SHORT).format(value)
}

/** A number with its noun, in the plural where it is not one. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`
}

/** A part of one in percent. */
export function percent(ratio: number): string {
  return `${figure(ratio * 100)} %`
}

const STEPS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** A size in the unit that suits it, decimal as Elastic and the makers of disks count. */
export function bytes(value: number): string {
  const step = Math.min(STEPS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)))
  return `${figure(value / 1000 ** step)} ${STEPS[step]}`
}
