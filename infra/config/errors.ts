import { AppError } from '../../runtime/errors.ts'

/** A stack's configuration has faults; the message lists each with the value given, what is allowed and what to do. */
export class StackConfigError extends AppError {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      'stack_config_invalid',
      `the stack's configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
      { context: { faults } },
    )
    this.name = 'StackConfigError'
    this.faults = faults
  }
}
