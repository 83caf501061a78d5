/**
 * JSON as the client wrote it. JavaScript rounds integers above 2^53 and long decimals, and turns 1e400 into null; such
 * numbers are kept as their text, which `JSON.stringify` writes out unchanged.
 */

// Part of ECMAScript since the proposal `JSON.parse source text access`; not yet in the types of TypeScript.
interface SourceTextJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}
const { parse, rawJSON, isRawJSON } = JSON as unknown as SourceTextJson

export { isRawJSON }

/** Up to 15 digits a number survives; what could be longer, or has an exponent, is looked at one by one. */
const MAY_ROUND = /[:,[]\s*-?(?:[\d.]{16}|[\d.]+[eE])/

/**
 * @throws SyntaxError when the text is not JSON.
 * @throws SyntaxError when numbers have to be kept, and stand in a text nested too deep to look at them.
 */
export function parseExactly(text: string): unknown {
  if (!MAY_ROUND.test(text)) return JSON.parse(text)
  try {
    return parse(text, keepNumber)
  } catch (error) {
    // V8 parses any depth, but its reviver recurses.
    throw error instanceof RangeError ? new SyntaxError('it is nested too deep') : error
  }
}

function keepNumber(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  const { source } = context
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value
  // 1.7e12 is a number like others; 1e-400 would become 0.
  const isWhole = Number.isSafeInteger(value) && value !== 0
  const survives = source.length < 16 && (isWhole || !/[eE]/.test(source))
  return survives ? value : rawJSON(source)
}
