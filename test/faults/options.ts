import { parseArgs } from 'node:util'

export const HELP = `Usage: npm run test:faults -- [options]

Breaks the real servers and programs at random, under load, and compares what got a 200 with what is stored.

  --minutes <n>             how long, from 1 to 1440; default 30
  --seed <n>                the same faults as in the run that printed it
  --only <text>             the fault of this name, or all whose name contains it
  --events-per-second <n>   the load, from 20 to 100000; default 1000
  --transport <name>        auto, websocket or native; default auto, which is native if it loads
  --outage-seconds <n>      once this long without Elasticsearch, at the end; default none
  --search-disk-mib <n>     a disk of its own, in memory, for Elasticsearch, and the fault that fills it; needs root
  --report <file>           the report as Markdown, or as JSON when the name ends in .json
`

const TRANSPORTS = ['auto', 'native', 'websocket']

export interface Options {
  readonly minutes: number
  readonly seed: number
  /** The name of a fault, or a part of those of several; all of them when empty. */
  readonly only: string
  readonly eventsPerSecond: number
  readonly transport: string
  readonly outageSeconds: number
  /** Size of a disk of its own for Elasticsearch; none when 0. */
  readonly searchDiskMib: number
  readonly report: string | undefined
}

const text = { type: 'string' } as const

/**
 * Reads the arguments of the long run; `help` when that is all that is asked for.
 *
 * @param anySeed taken when none is given.
 * @throws Error which says what was given and what is allowed.
 */
export function optionsOf(args: readonly string[], anySeed: number): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text,
      seed: text,
      only: text,
      'events-per-second': text,
      transport: text,
      'outage-seconds': text,
      'search-disk-mib': text,
      report: text,
      help: { type: 'boolean' },
    },
  })
  if (values.help) return 'help'
  const transport = values.transport ?? 'auto'
  if (!TRANSPORTS.includes(transport))
    throw new Error(`--transport is "${transport}"; allowed: ${TRANSPORTS.join(', ')}`)
  return {
    minutes: whole('minutes', values.minutes, 30, 1, 1440),
    seed: whole('seed', values.seed, anySeed, 0, 2 ** 31 - 1),
    only: values.only ?? '',
    eventsPerSecond: whole('events-per-second', values['events-per-second'], 1000, 20, 100_000),
    transport,
    outageSeconds: whole('outage-seconds', values['outage-seconds'], 0, 0, 3600),
    searchDiskMib: whole('search-disk-mib', values['search-disk-mib'], 0, 1024, 65_536),
    report: values.report,
  }
}

/** Those that `--only` chooses: the one of exactly this name, otherwise all whose name contains it. */
export function chosenOf<T extends { readonly name: string }>(faults: readonly T[], only: string): readonly T[] {
  const exact = faults.filter(({ name }) => name === only)
  return exact.length > 0 ? exact : faults.filter(({ name }) => name.includes(only))
}

function whole(name: string, value: string | undefined, otherwise: number, least: number, most: number): number {
  if (value === undefined) return otherwise
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= least && number <= most) return number
  throw new Error(`--${name} is "${value}"; allowed: a whole number from ${least} to ${most}`)
}
