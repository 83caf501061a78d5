/**
 * What one setting is, and how a value of it is read and written. The settings themselves are in `config.ts`.
 */

interface Described {
  readonly description: string
  /** What the number counts or measures; empty for text. */
  readonly unit?: string
}

export interface TextSetting extends Described {
  readonly type: 'string'
  readonly default: string
  /** A secret is free text and is redacted from logs; in the environment it may be a file, named by `<env>_FILE`. */
  readonly secret?: true
  /** The allowed values. @default any text */
  readonly oneOf?: readonly string[]
  /** What the text must match, and how to say so to the reader of the error. */
  readonly pattern?: { readonly regex: RegExp; readonly says: string }
}

export interface NumberSetting extends Described {
  readonly type: 'integer' | 'number'
  readonly default: number
  readonly minimum: number
  readonly maximum: number
}

export interface BooleanSetting extends Described {
  readonly type: 'boolean'
  readonly default: boolean
}

export type Setting = TextSetting | NumberSetting | BooleanSetting

/** A setting that a program reads from the environment variable of this name. */
export type EnvSetting = Setting & { readonly env: string }

/** The TypeScript type of a setting's value: the union of `oneOf` where there is one. */
export type ValueOf<S> = S extends { oneOf: readonly (infer V)[] }
  ? V
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'boolean' }
      ? boolean
      : number

export type Value = string | number | boolean

/** The outcome of reading one value: the value, or what is wrong with it and what is allowed. */
export type ParsedValue = { readonly value: Value } | { readonly fault: string }

const TRUE = new Set(['true', 'yes', 'on', '1'])
const FALSE = new Set(['false', 'no', 'off', '0'])

/** Reads a setting from its text, as an environment variable has it. Blank text is the default. */
export function readSetting(setting: Setting, text: string | undefined): ParsedValue {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return { value: setting.default }
  if (setting.type === 'boolean') return readBoolean(trimmed)
  if (setting.type === 'string') return readText(setting, trimmed)
  return readNumber(setting, trimmed)
}

/** The allowed values of a setting in words, for errors and for the documentation. */
export function allowedValues(setting: Setting): string {
  if (setting.type === 'boolean') return 'yes or no'
  if (setting.type === 'string') return setting.oneOf?.join(', ') ?? setting.pattern?.says ?? 'text'
  const unit = setting.unit ? ` ${setting.unit}` : ''
  const kind = setting.type === 'integer' ? 'a whole number' : 'a number'
  return `${kind} from ${setting.minimum} to ${setting.maximum}${unit}`
}

function readBoolean(text: string): ParsedValue {
  const word = text.toLowerCase()
  if (TRUE.has(word)) return { value: true }
  if (FALSE.has(word)) return { value: false }
  return { fault: 'yes or no' }
}

function readText(setting: TextSetting, text: string): ParsedValue {
  const allowed = setting.oneOf ? setting.oneOf.includes(text) : (setting.pattern?.regex.test(text) ?? true)
  return allowed ? { value: text } : { fault: allowedValues(setting) }
}

function readNumber(setting: NumberSetting, text: string): ParsedValue {
  const decimal = /^-?\d+(\.\d+)?$/.test(text)
  const value = Number(text)
  const whole = setting.type === 'number' || Number.isSafeInteger(value)
  const inRange = value >= setting.minimum && value <= setting.maximum
  return decimal && whole && inRange ? { value } : { fault: allowedValues(setting) }
}
