/**
 * How figures are written for people, on the page of the console and by the programs: always with their unit, never with more
 * digits than help. It is JavaScript because browsers load it as it is.
 */

const NO_FIGURE = '–'

/** @type {(value: number, digits?: number) => string} 1234567 as `1,234,567`; below 10 with one decimal. */
export function number(value, digits = Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0) {
  return value.toLocaleString('en-GB', { maximumFractionDigits: digits })
}

/** @type {(count: number, singular: string, plural?: string) => string} `1 worker`, `2 workers`. */
export function counted(count, singular, plural = `${singular}s`) {
  return `${number(count)} ${Math.round(count) === 1 ? singular : plural}`
}

/** @type {(perSecond: number | null) => string} */
export function rate(perSecond) {
  return perSecond === null ? NO_FIGURE : `${number(perSecond)}/s`
}

/** @type {(perSecond: number | null) => string} With its sign, and in words when nothing changes. */
export function trend(perSecond) {
  if (perSecond === null) return NO_FIGURE
  if (Math.abs(perSecond) < 0.05) return 'steady'
  return `${perSecond > 0 ? '+' : '−'}${rate(Math.abs(perSecond))}`
}

/** @type {(share: number | null) => string} A share of 1 as a percentage. */
export function percent(share) {
  if (share === null) return NO_FIGURE
  const value = share * 100
  return `${number(value, value > 0 && value < 1 ? 1 : 0)} %`
}

const SIZES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** @type {(bytes: number | null) => string} In steps of 1024, as Elasticsearch writes sizes. */
export function size(bytes) {
  if (bytes === null) return NO_FIGURE
  const step = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${number(value, step > 0 && value < 10 ? 1 : 0)} ${SIZES[step]}`
}

const TIMES = /** @type {const} */ ([
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
])

/** @type {(seconds: number | null) => string} `4 ms`, `3.2 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds) {
  if (seconds === null) return NO_FIGURE
  if (seconds === 0) return '0 s'
  if (seconds < 1) return `${number(seconds * 1000)} ms`
  if (seconds < 59.5) return `${number(seconds)} s`
  const at = TIMES.findIndex(([unit]) => seconds >= unit)
  const [unit, name] = TIMES[at < 0 ? TIMES.length - 1 : at] ?? [60, 'min']
  const next = TIMES[at < 0 ? TIMES.length : at + 1]
  if (!next) return `${number(seconds / unit, 0)} ${name}`
  const whole = Math.floor(seconds / unit)
  const rest = Math.floor((seconds - whole * unit) / next[0])
  return rest === 0 ? `${number(whole)} ${name}` : `${number(whole)} ${name} ${rest} ${next[1]}`
}

/** @typedef {import('./balance.ts').Balance} Balance */

/**
 * What became of the events, as a sum. Parts that are 0 are omitted, except stored and waiting.
 *
 * @type {(balance: Balance) => string} `12 in = 9 stored + 1 duplicate + 2 waiting`
 */
export function balanceInWords(balance) {
  const { before, stored, duplicates, conflicts, deadLetters, erased, notStored, waiting, unexplained } = balance
  const came = [...part(before, 'from before'), `${number(balance.in)} in`]
  const became = [
    `${number(stored)} stored`,
    ...part(duplicates, duplicates === 1 ? 'duplicate' : 'duplicates'),
    ...part(conflicts, conflicts === 1 ? 'conflict' : 'conflicts'),
    ...part(deadLetters, deadLetters === 1 ? 'dead letter' : 'dead letters'),
    ...part(erased, 'erased'),
    ...part(notStored, 'not to be stored'),
    `${number(waiting)} waiting`,
  ]
  const rest = unexplained ? ` ${unexplained > 0 ? '+' : '−'} ${number(Math.abs(unexplained))} unexplained` : ''
  return `${came.join(' + ')} = ${became.join(' + ')}${rest}`
}

/** @type {(count: number, word: string) => string[]} */
function part(count, word) {
  return count === 0 ? [] : [`${number(count)} ${word}`]
}
