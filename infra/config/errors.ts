/** A stack's configuration has faults; the message lists each with the value given, what is allowed and what to do. */
export class StackConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `the stack's configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
    this.name = 'StackConfigError'
    this.faults = faults
  }
}
