import { explain } from '../../runtime/errors.ts'
import { StackConfigError } from '../config/errors.ts'

/** Faults of whoever calls, and refusals: their message says all, and a stack trace would hide it. */
export class UsageError extends Error {}

/** Runs a command; what it fails on is told in words, and makes the exit code 1. */
export async function withMessages(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const told = error instanceof StackConfigError || error instanceof UsageError
    process.stderr.write(`${told ? error.message : explain(error)}\n`)
    process.exitCode = 1
  }
}

/** Reads arguments. @throws UsageError with the help when they cannot be read. */
export function usage<T>(help: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${help}`)
  }
}
