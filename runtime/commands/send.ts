import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { AppError } from '../errors.ts'
import { type Call, generateLoad } from '../send/generate.ts'
import { readCalls } from '../send/input.ts'
import { type SendReport, sendCalls } from '../send/sender.ts'
import { number } from '../telemetry/format.js'
import { newFile, print } from './output.ts'

export interface SendCommandOptions {
  readonly url: string
  readonly source: string
  readonly events: number
  readonly perCall: number
  readonly profiles: number
  readonly rate: number
  readonly concurrency: number
  readonly retrySeconds: number
  readonly accepted?: string
  readonly secretFile?: string
}

/** Posts the events of a file, of standard input (`-`), or a generated load. Answers the exit code. */
export async function send(file: string | undefined, options: SendCommandOptions): Promise<number> {
  const ids = options.accepted === undefined ? undefined : newFile(options.accepted)
  const report = await sendCalls(
    callsOf(file, options),
    {
      url: options.url.replace(/\/$/, ''),
      concurrency: options.concurrency,
      eventsPerSecond: options.rate,
      retryForMs: options.retrySeconds * 1000,
      secret: options.secretFile === undefined ? undefined : secretIn(options.secretFile),
    },
    (call) => {
      for (const event of call.events) ids?.write(`${event.id}\n`)
    },
  )
  if (ids) await new Promise((resolve) => ids.end(resolve))
  print(describe(report))
  return report.failed === 0 ? 0 : 1
}

/** @throws AppError `command_invalid` when the file cannot be read. */
function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new AppError('command_invalid', `the secret file "${file}" cannot be read`, { cause })
  }
}

function callsOf(file: string | undefined, options: SendCommandOptions): AsyncIterable<Call> | Iterable<Call> {
  const { source, perCall: eventsPerCall } = options
  if (file === undefined)
    return generateLoad({ source, events: options.events, eventsPerCall, profiles: options.profiles })
  const input = file === '-' ? process.stdin : createReadStream(file)
  return readCalls(createInterface({ input }), { source, eventsPerCall })
}

function describe(report: SendReport): string {
  const { accepted, failed, seconds, latenciesMs, answers } = report
  const statuses = Object.entries(answers).map(([status, count]) => `${status} × ${number(count)}`)
  return [
    `${number(accepted)} events answered 200 in ${number(seconds)} s: ${number(accepted / seconds)} events/s`,
    `answers: ${statuses.join(', ') || 'none'}; latency p50 ${number(latenciesMs.p50)} ms, p99 ${number(latenciesMs.p99)} ms, longest ${number(latenciesMs.max)} ms`,
    ...(failed > 0 ? [`${number(failed)} events were refused; the first refusal: ${report.firstRefusal}`] : []),
  ].join('\n')
}
