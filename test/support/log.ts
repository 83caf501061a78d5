import { createLogger, type Logger } from '../../runtime/log.ts'

/** A logger whose lines a test can read. */
export function recordingLog(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ logLevel: 'trace' }, 'test', {
    write: (line: string) => {
      lines.push(JSON.parse(line))
    },
  })
  return { log, lines }
}

export const silentLog: Logger = createLogger({ logLevel: 'silent' }, 'test')
