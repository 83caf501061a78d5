import { AppError, explain } from '../../runtime/errors.ts'

/** Runs a command; what it fails on is reported in words, and makes the exit code 1. */
export async function withMessages(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exitCode = 1
  }
}

/** Reads arguments. @throws AppError `command_invalid` with the help when they cannot be read. */
export function usage<T>(help: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new AppError('command_invalid', `${(error as Error).message}\n\n${help}`)
  }
}
