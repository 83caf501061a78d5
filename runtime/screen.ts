/** The terminal: permanent lines, and one line at the bottom that is rewritten. */
export interface Screen {
  say(text: string): void
  /**
   * The line at the bottom. Where output is no terminal it is printed as a line of its own, when `key` changed, and not
   * too often.
   *
   * @param key what counts as a change. @default the text
   */
  status(text: string, key?: string): void
}

/** The part of `process.stdout` that is used. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const PLAIN_INTERVAL_MS = 10_000
const CLEAR_LINE = '\r\x1b[2K'

export function createScreen(output: Output, now: () => number = Date.now): Screen {
  return output.isTTY ? terminalScreen(output) : plainScreen(output, now)
}

function terminalScreen(output: Output): Screen {
  let bottom = ''
  const show = (text: string): unknown => output.write(text)
  return {
    say: (text) => show(`${bottom === '' ? '' : CLEAR_LINE}${text}\n${bottom}`),
    status: (text) => {
      // A line that wraps could not be cleared.
      const line = text.slice(0, (output.columns ?? 80) - 1)
      show(`${CLEAR_LINE}${line}`)
      bottom = line
    },
  }
}

function plainScreen(output: Output, now: () => number): Screen {
  let shown = ''
  let shownAtMs = Number.NEGATIVE_INFINITY
  return {
    say: (text) => output.write(`${text}\n`),
    status: (text, key = text) => {
      if (text === '' || key === shown || now() - shownAtMs < PLAIN_INTERVAL_MS) return
      output.write(`${text}\n`)
      shown = key
      shownAtMs = now()
    },
  }
}
