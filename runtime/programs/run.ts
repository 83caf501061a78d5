import type { Logger } from '../log.ts'

/** A program that runs until it is stopped. */
export interface Program {
  /** Resolves when everything in flight is done, at the latest after the grace period. */
  stop(): Promise<void>
}

/** After its own grace period a program that still hangs, in a library or a server, is terminated. */
const HARD_LIMIT_FACTOR = 1.1

/**
 * Runs a program until SIGTERM or SIGINT, and answers the exit code. An unexpected error ends the process: another one
 * starts, and what was not acknowledged is delivered again.
 */
export async function runUntilSignal(program: Program, graceSeconds: number, log: Logger): Promise<number> {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'terminated by an unexpected error')
    process.exit(1)
  })
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve)
  })
  log.info({ signal }, 'stopping')
  const limit = setTimeout(
    () => {
      log.warn('not stopped within the grace period; exiting')
      process.exit(1)
    },
    graceSeconds * 1000 * HARD_LIMIT_FACTOR,
  )
  limit.unref()
  await program.stop()
  log.info('stopped')
  return 0
}
