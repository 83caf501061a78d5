import { createReadStream, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { AppError } from '../errors.ts'
import { createScreen } from '../screen.ts'
import { type Call, generateLoad } from '../send/generate.ts'
import { readCalls } from '../send/input.ts'
import { assertTaken, listenerUrl } from '../send/preflight.ts'
import { type SendReport, sendCalls } from '../send/sender.ts'
import { number } from '../telemetry/format.js'
import { newFile, noticed, print } from './output.ts'

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
  readonly json?: boolean
}

/** A command that is silent for longer looks as if it did nothing. */
const PROGRESS_MS = 2000

/**
 * Posts the events of a file, of standard input (`-`), or a generated load. Answers the exit code.
 *
 * @throws AppError `command_invalid`, `api_unavailable`, `api_refused` before anything is sent.
 */
export async function send(file: string | undefined, options: SendCommandOptions): Promise<number> {
  const url = listenerUrl('--url', options.url)
  const secret = options.secretFile === undefined ? undefined : textOf(options.secretFile, 'the secret file').trim()
  const calls = callsOf(file, options)
  await noticed(`no answer from ${url} yet`, () => assertTaken({ url, source: options.source, secret }))
  const ids = options.accepted === undefined ? undefined : newFile(options.accepted)
  const progress = new Progress()
  const screen = createScreen(process.stderr)
  const timer = setInterval(() => screen.status(progress.line(url, file === '-')), PROGRESS_MS)
  const report = await sendCalls(
    calls,
    {
      url,
      concurrency: options.concurrency,
      eventsPerSecond: options.rate,
      retryForMs: options.retrySeconds * 1000,
      secret,
      onAnswer: (answer) => progress.answered(answer),
    },
    (call) => {
      progress.accepted += call.events.length
      for (const event of call.events) ids?.write(`${event.id}\n`)
    },
  ).finally(() => {
    clearInterval(timer)
    screen.status('')
  })
  if (ids) await new Promise((resolve) => ids.end(resolve))
  print(options.json ? JSON.stringify(report, null, 2) : describe(report))
  return report.failed === 0 ? 0 : 1
}

/** What is known while calls are sent. */
class Progress {
  accepted = 0
  #problem: string | undefined

  answered({ status, text }: { readonly status: number; readonly text: string }): void {
    this.#problem = status === 200 ? undefined : `${status || 'no answer'}: ${text}`
  }

  line(url: string, isInput: boolean): string {
    const nothingYet = isInput ? 'waiting for lines on standard input' : `waiting for ${url}`
    const sent = this.accepted === 0 ? nothingYet : `${number(this.accepted)} events answered 200`
    return this.#problem === undefined ? sent : `${sent}; tries again after ${this.#problem}`
  }
}

/** @throws AppError `command_invalid` when the file cannot be read. */
function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw unreadable(file, what, cause)
  }
}

function unreadable(file: string, what: string, cause: unknown): AppError {
  return new AppError('command_invalid', `${what} "${file}" cannot be read`, { cause })
}

function callsOf(file: string | undefined, options: SendCommandOptions): AsyncIterable<Call> | Iterable<Call> {
  const { source, perCall: eventsPerCall } = options
  if (file === undefined)
    return generateLoad({ source, events: options.events, eventsPerCall, profiles: options.profiles })
  const input = inputOf(file)
  return callsIn(input, { source, eventsPerCall })
}

/** An interface loses the lines that arrive before somebody iterates over it, so it is made by the first step. */
async function* callsIn(input: NodeJS.ReadableStream, shape: Parameters<typeof readCalls>[1]): AsyncGenerator<Call> {
  yield* readCalls(createInterface({ input }), shape)
}

/** Opened before anything is sent: what cannot be read is reported immediately. */
function inputOf(file: string): NodeJS.ReadableStream {
  if (file === '-') return process.stdin
  try {
    return createReadStream('', { fd: openSync(file, 'r') })
  } catch (cause) {
    throw unreadable(file, 'the file', cause)
  }
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
