import { AppError } from '../../runtime/errors.ts'

/** A fault of a stack's configuration. */
export interface StackFault {
  /** Name of the rule that is broken. */
  readonly code: string
  /** The keys and numbers by which it is broken. */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
  /** The value given, what is allowed and what to do, in words. */
  readonly text: string
}

/** A stack's configuration has faults; the message lists each with the value given, what is allowed and what to do. */
export class StackConfigError extends AppError {
  readonly faults: readonly StackFault[]

  constructor(faults: readonly StackFault[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
    const lines = faults.map(({ text }) => `  - ${text}`)
    super('stack_config_invalid', [`the stack's configuration has ${count}:`, ...lines].join('\n'), {
      context: { faults: faults.map(({ code, facts }) => ({ code, ...facts })) },
    })
    this.name = 'StackConfigError'
    this.faults = faults
  }
}

/** A fault that the reader of a file or a value finds, not a rule. */
export function faultOf(code: string, text: string, facts: StackFault['facts'] = {}): StackFault {
  return { code, facts, text }
}
