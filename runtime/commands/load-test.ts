import { closeSync, openSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Config, settings } from '../config.ts'
import { AppError } from '../errors.ts'
import { EVENT_SIZES } from '../load-test/calls.ts'
import type { LoadTest } from '../load-test/record.ts'
import { type LoadTestOptions, runLoadTest } from '../load-test/run.ts'
import { createScreen } from '../screen.ts'
import { assertTaken } from '../send/preflight.ts'
import { noticed, RUN_OPTION, secondsOf } from './output.ts'

/** What the options of `loadTestCommand` are read into, as texts. */
export interface LoadTestFlags {
  readonly target?: string
  readonly run?: string
  readonly eventsPerSecond?: string
  readonly duration?: string
  readonly metrics?: string
  readonly source: string
  readonly profiles: string
  readonly eventsPerCall: string
  readonly eventSize: string
  readonly seed: string
  readonly connections: string
  readonly retrySeconds: string
  readonly drainSeconds: string
  readonly clean?: boolean
  readonly record?: string
  readonly json?: boolean
}

/** Where the listeners of a run on this machine are. */
export interface LocalListeners {
  readonly publicUrl: string
  /** The private listeners. */
  readonly instances: readonly string[]
}

/** Where the API of a run on this machine has its public listener. */
export const DEFAULT_TARGET = `http://localhost:${settings.publicPort.default}`

/** The command with the options that it has wherever it runs. */
export function loadTestCommand(): Command {
  return new Command('load-test')
    .description(
      'Sends a production-like load and reports whether every event that got a 200 is stored once. It reads the addresses of Pulsar and Elasticsearch from the environment, as the other commands do.',
    )
    .option('--events-per-second <n>', 'rate of the load test; bursts have 1.5 times the rate')
    .option('--duration <time>', 'how long the load lasts: 30s, 10m, 2h')
    .option('--target <url>', `public listener of the API; default: that of the run, or ${DEFAULT_TARGET}`)
    .option(...RUN_OPTION)
    .option(
      '--metrics <urls>',
      'private listeners of API and workers, separated by commas; a host with several addresses means all of them; default: those of the run',
    )
    .option('--source <id>', 'event source', 'my-source')
    .option('--profiles <n>', 'visitors; a few of them make most of the calls', '100000')
    .option('--events-per-call <n>', 'events of each call, 1 to 100; 0 for calls of many sizes, 11.2 on average', '0')
    .option(
      '--event-size <size>',
      'small, usual or large events of about 200, 560 and 2,000 bytes; mixed for all of them, 590 on average',
      'mixed',
    )
    .option('--seed <n>', 'the same number makes the same load', '1')
    .option('--connections <n>', 'connections to the target', '256')
    .option('--retry-seconds <n>', 'how long a call is retried', '60')
    .option('--drain-seconds <n>', 'how long the backlog may be stuck after the load', '120')
    .option('--clean', 'delete the events of the load test from Elasticsearch at the end')
    .option('--record <file>', 'write everything measured as a line of JSON (- is standard output)')
}

/** Runs a load test on the servers of the command line, or on the local run, and writes its record if requested. */
export async function runLoadTestCommand(
  config: Config,
  flags: LoadTestFlags,
  local: LocalListeners | undefined,
): Promise<LoadTest> {
  const options = loadTestOptions(flags, local)
  await noticed(`no answer from ${options.target} yet`, () =>
    assertTaken({ url: options.target, source: options.source }),
  )
  if (flags.record !== undefined && flags.record !== '-') requireWritable(flags.record)
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const loadTest = await runLoadTest(
      config,
      options,
      createScreen(flags.json ? process.stderr : process.stdout),
      stopping.signal,
    )
    const line = `${JSON.stringify(loadTest)}\n`
    if (flags.record === '-') process.stdout.write(line)
    else if (flags.record !== undefined) writeFileSync(flags.record, line)
    return loadTest
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/** @throws AppError `command_invalid`: better now than after an hour of load. */
export function requireWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'))
  } catch (cause) {
    throw new AppError('command_invalid', `the file "${path}" cannot be written`, { cause })
  }
}

/** @throws AppError `command_invalid` with all faults together. */
export function loadTestOptions(flags: LoadTestFlags, local?: LocalListeners): LoadTestOptions {
  const target = flags.target ?? local?.publicUrl ?? DEFAULT_TARGET
  const faults: string[] = []
  const number = numberReader(faults)
  const seconds = durationSeconds(flags.duration, faults)
  if (!/^https?:\/\/[^\s/]+\/?$/.test(target)) {
    faults.push(`--target is "${target}"; allowed: a URL like http://host:8585`)
  }
  const options: LoadTestOptions = {
    target: target.replace(/\/$/, ''),
    eventsPerSecond: number('events-per-second', flags.eventsPerSecond, 1, 1_000_000, false),
    seconds,
    metrics: metricsOf(flags, local),
    source: flags.source,
    profiles: number('profiles', flags.profiles, 1, 10_000_000),
    eventsPerCall: number('events-per-call', flags.eventsPerCall, 0, 100),
    eventSize: eventSizeOf(flags.eventSize, faults),
    seed: number('seed', flags.seed, 0, 2 ** 32 - 1),
    connections: number('connections', flags.connections, 1, 10_000),
    retrySeconds: number('retry-seconds', flags.retrySeconds, 0, 3600, false),
    drainSeconds: number('drain-seconds', flags.drainSeconds, 1, 86_400, false),
    clean: flags.clean === true,
  }
  if (faults.length > 0) throw new AppError('command_invalid', faults.join('\n'), { context: { faults } })
  return options
}

function eventSizeOf(text: string, faults: string[]): LoadTestOptions['eventSize'] {
  const allowed = [...EVENT_SIZES, 'mixed'] as const
  const size = allowed.find((name) => name === text)
  if (size === undefined) faults.push(`--event-size is ${shown(text)}; allowed: ${allowed.join(', ')}`)
  return size ?? 'mixed'
}

/** Reads the number of a flag, and adds a fault for one that is not allowed. */
function numberReader(faults: string[]) {
  return (flag: string, text: string | undefined, least: number, most: number, whole = true): number => {
    const value = Number(text)
    const isNumber = /^\d+(\.\d+)?$/.test(text ?? '') && (!whole || Number.isInteger(value))
    if (!isNumber || value < least || value > most) {
      const kind = whole ? 'a whole number' : 'a number'
      faults.push(`--${flag} is ${shown(text)}; allowed: ${kind} from ${least} to ${most}`)
    }
    return value
  }
}

/** Ramp and plateau in less time would be a few samples. */
const LEAST_SECONDS = 10
const MOST_SECONDS = 86_400

function durationSeconds(text: string | undefined, faults: string[]): number {
  const seconds = secondsOf(text ?? '') ?? 0
  if (seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
    faults.push(
      `--duration is ${shown(text)}; allowed: ${LEAST_SECONDS}s to ${MOST_SECONDS / 3600}h, like 30s, 10m or 2h`,
    )
  }
  return seconds
}

function shown(text: string | undefined): string {
  return text === undefined ? 'missing' : `"${text}"`
}

/** What another instance on this machine measures says nothing of the target: without a run, nothing is read. */
function metricsOf({ metrics }: LoadTestFlags, local: LocalListeners | undefined): readonly string[] {
  return metrics === undefined ? (local?.instances ?? []) : metrics.split(',').map((url) => url.trim())
}
