import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../runtime/errors.ts'
import type { MixName } from './documents.ts'
import { type Checkout, cliOf } from './lab.ts'
import { type LineId, lineIds, type ShardLineId, shardLineIds } from './line.ts'

export interface BenchOptions {
  /** How often each line is measured; the table shows medians. */
  readonly rounds: number
  readonly lines: readonly LineId[]
  readonly mixes: readonly MixName[]
  /** How long Elasticsearch alone shall treat as the documents of one round: their number follows from it. */
  readonly storeSeconds: number
  /** Events of one round, whatever time they take; omitted, their number follows from `storeSeconds`. */
  readonly events?: number
  /** How long each of Pulsar and Elasticsearch is warmed up before anything is measured. */
  readonly warmUpSeconds: number
  /** How long the edge is loaded in one round, after its warm-up. */
  readonly edgeSeconds: number
  /** Measures what shards cost, instead of the table. */
  readonly shards?: ShardOptions
  /** Measures whether the cost grows with length, sources, partitions or backlog, instead of the table. */
  readonly scale: boolean
  /** Measures what the worst bodies cost an API of the smallest pod, instead of the table; no server is started. */
  readonly worst: boolean
  /** Simulates what the worker's pool sends, instead of the table; no server is started. */
  readonly pool: boolean
  /** Measures what each field of the mapping, the codec and the refresh interval cost Elasticsearch, instead of the table. */
  readonly mapping: boolean
  /** Measures what a live viewer, traces and the canary cost an API, instead of the table. */
  readonly watched: boolean
  /** Profiles API and worker, and reports where their time goes. A profiled run is slower: its table is not for quoting. */
  readonly profile: boolean
  /** The folder that the tables, the rounds and the chart are written to. */
  readonly results: string
}

export interface ShardOptions {
  /** Shards of the indices, ascending. */
  readonly numbers: readonly number[]
  readonly lines: readonly ShardLineId[]
  /** Another checkout, whose programs are measured as well. */
  readonly compare?: Checkout
}

const FULL = { rounds: 5, storeSeconds: 4, warmUpSeconds: 60, edgeSeconds: 3 }
/** To see that everything runs; the figures mean little. */
const QUICK = { rounds: 1, storeSeconds: 1, warmUpSeconds: 5, edgeSeconds: 1 }
const MOST_ROUNDS = 100
const EVENTS_PER_ROUND = { min: 5_000, max: 300_000, step: 500 }
/** More than one machine is for, and few enough for the last bulks of all shards to be a small part of a round. */
const MOST_SHARDS = 64
const RESULTS = join(import.meta.dirname, 'results')

/** What `--bytes` names: about that many bytes of a document. */
const mixOfBytes: Readonly<Record<string, MixName>> = { '120': 'small', '650': 'realistic', '2500': 'large' }

export const USAGE = `npm run bench -- [options]

  --rounds <number>       rounds of each line, 1 to ${MOST_ROUNDS} [default: ${FULL.rounds}]
  --only <line,line>      only these lines, of ${lineIds.join(', ')};
                          with --shards of ${shardLineIds.join(', ')}
  --bytes <size,size>     about so many bytes of a document, of ${Object.keys(mixOfBytes).join(', ')} [default: 650]
  --events <number>       events of a round, ${EVENTS_PER_ROUND.min} to ${EVENTS_PER_ROUND.max} in steps of ${EVENTS_PER_ROUND.step} [default: what takes Elasticsearch ${FULL.storeSeconds} s]
  --results <folder>      where tables, rounds and chart are written [default: bench/results]
  --quick                 one short round, to see that everything runs
  --shards <n,n>          instead: what so many shards cost, each from 1 to ${MOST_SHARDS}; for example 1,3,12,24
  --compare <folder>      with --shards: measure the programs of another checkout of this repository as well
  --scale                 instead: does the cost grow with length, sources, partitions, backlog?
  --worst                 instead: what the worst bodies cost an API of the smallest pod
  --pool                  instead: simulate what the worker sends, for some loads and numbers of shards
  --mapping               instead: what fields, codec and refresh interval cost Elasticsearch
  --watched               instead: what a live viewer, traces and the canary cost an API
  --profile               profile API and worker, and tell where their time goes
  --help                  this text
`

/**
 * Reads the command line.
 *
 * @returns the options, or `help` when they are asked for.
 * @throws AppError `command_invalid` with the value given and what is allowed.
 */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const values = readValues(args)
  if (values.help) return 'help'
  const size = values.quick ? QUICK : FULL
  const shards = shardsIn(values)
  return {
    ...size,
    rounds: values.rounds === undefined ? size.rounds : roundsIn(values.rounds),
    lines: values.only === undefined || shards ? lineIds : namesIn('--only', values.only, lineIds),
    mixes: mixesIn(values.bytes ?? '650'),
    ...(values.events !== undefined && { events: eventsIn(values.events) }),
    ...(shards && { shards }),
    ...insteadOf(values),
    profile: values.profile ?? false,
    results: values.results === undefined ? RESULTS : folderIn(values.results),
  }
}

function readValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        only: { type: 'string' },
        bytes: { type: 'string' },
        events: { type: 'string' },
        results: { type: 'string' },
        shards: { type: 'string' },
        compare: { type: 'string' },
        quick: { type: 'boolean' },
        scale: { type: 'boolean' },
        worst: { type: 'boolean' },
        pool: { type: 'boolean' },
        mapping: { type: 'boolean' },
        watched: { type: 'boolean' },
        profile: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new AppError('command_invalid', `${(error as Error).message}\n\n${USAGE}`)
  }
}

/** What is measured instead of the table. */
function insteadOf(values: ReturnType<typeof readValues>) {
  const { scale = false, worst = false, pool = false, mapping = false, watched = false } = values
  return { scale, worst, pool, mapping, watched }
}

function shardsIn({ shards, only, compare, scale, worst }: ReturnType<typeof readValues>): ShardOptions | undefined {
  if (shards === undefined) {
    if (compare === undefined) return undefined
    throw new AppError('command_invalid', `--compare is "${compare}" without --shards; add --shards 1,3,12,24`)
  }
  if (scale || worst) {
    throw new AppError('command_invalid', `--shards and --${scale ? 'scale' : 'worst'} exclude each other: give one`)
  }
  return {
    numbers: shardNumbersIn(shards),
    lines: only === undefined ? shardLineIds : namesIn('--only', only, shardLineIds),
    ...(compare !== undefined && { compare: checkoutIn(compare) }),
  }
}

function shardNumbersIn(text: string): readonly number[] {
  const given = text.split(',').map((number) => number.trim())
  const wrong = given.find((one) => !/^[1-9]\d*$/.test(one) || Number(one) > MOST_SHARDS)
  if (wrong === undefined) return [...new Set(given.map(Number))].sort((one, other) => one - other)
  throw new AppError(
    'command_invalid',
    `--shards names "${wrong}"; allowed: whole numbers from 1 to ${MOST_SHARDS}, separated by commas`,
  )
}

function checkoutIn(text: string): Checkout {
  const folder = resolve(text)
  for (const needed of [cliOf(folder), join(folder, 'node_modules')]) {
    if (text !== '' && existsSync(needed)) continue
    const what = 'allowed: the folder of a checkout of this repository in which `npm install` has run'
    throw new AppError('command_invalid', `--compare is "${text}", and ${needed} does not exist; ${what}`)
  }
  return folder
}

function roundsIn(text: string): number {
  const rounds = Number(text)
  if (/^\d+$/.test(text) && rounds >= 1 && rounds <= MOST_ROUNDS) return rounds
  throw new AppError('command_invalid', `--rounds is "${text}"; allowed: a whole number from 1 to ${MOST_ROUNDS}`)
}

function eventsIn(text: string): number {
  const events = Number(text)
  const { min, max, step } = EVENTS_PER_ROUND
  if (/^\d+$/.test(text) && events >= min && events <= max && events % step === 0) return events
  throw new AppError(
    'command_invalid',
    `--events is "${text}"; allowed: a whole number from ${min} to ${max} in steps of ${step}`,
  )
}

function folderIn(text: string): string {
  if (text !== '') return resolve(text)
  throw new AppError(
    'command_invalid',
    '--results is ""; allowed: the path of a folder, which is created when it does not exist',
  )
}

function mixesIn(text: string): readonly MixName[] {
  return namesIn('--bytes', text, Object.keys(mixOfBytes)).flatMap((bytes) => mixOfBytes[bytes] ?? [])
}

function namesIn<T extends string>(option: string, text: string, allowed: readonly T[]): readonly T[] {
  const given = text.split(',').map((name) => name.trim())
  const unknown = given.find((name) => !(allowed as readonly string[]).includes(name))
  if (unknown !== undefined) {
    const choices = allowed.join(', ')
    throw new AppError('command_invalid', `${option} names "${unknown}"; allowed: ${choices}, separated by commas`)
  }
  return allowed.filter((name) => given.includes(name))
}
