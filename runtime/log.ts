import { type DestinationStream, type Logger, pino } from 'pino'
import { type Config, settings } from './config.ts'
import { errorRecord } from './errors.ts'

export type { Logger }

/** Keys that never reach a log: every secret setting, and what HTTP clients call their credentials. */
const redacted = [
  ...Object.entries(settings).flatMap(([key, setting]) => ('secret' in setting ? [key, setting.env] : [])),
  'authorization',
  'cookie',
  'password',
  'token',
]

/**
 * The one logger of a process: JSON lines on standard output, secrets redacted where the record is built. A fault is logged as
 * `err`, with its code, context and causes.
 *
 * @param destination where the lines go; @default standard output
 */
export function createLogger(
  config: Pick<Config, 'logLevel'>,
  program: string,
  destination?: DestinationStream,
): Logger {
  const paths = redacted.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`])
  const options = {
    level: config.logLevel,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (thrown: unknown) => errorRecord(thrown) },
    redact: { paths, censor: '[redacted]' },
  }
  return destination ? pino(options, destination) : pino(options)
}
