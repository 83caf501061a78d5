/**
 * What the doctor found. `error`: `up` fails, or waits for what does not come. `warning`: the stack comes up, and does not do all
 * that it promises. `unknown`: it could not be checked.
 */
export interface Finding {
  readonly code: string
  readonly level: 'error' | 'warning' | 'unknown'
  /** The names and numbers by which it is so. */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
  /** What is the matter and what to do, in words. */
  readonly text: string
}

type Report = (code: string, text: string, facts?: Finding['facts']) => Finding

const at =
  (level: Finding['level']): Report =>
  (code, text, facts = {}) => ({ code, level, facts, text })

export const error = at('error')
export const warning = at('warning')
export const unknown = at('unknown')

/** `a, b and 3 more`. */
export function listed(names: readonly string[], most = 4): string {
  const more = names.length - most
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}
