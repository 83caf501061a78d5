import { writeFileSync } from 'node:fs'
import { adviceTable } from './advice-report.ts'
import type { Fault } from './fault.ts'
import { FAULTS, FULL_DISK, withoutElasticsearch } from './faults.ts'
import { chosenOf, HELP, type Options, optionsOf } from './options.ts'
import { type Random, seeded } from './random.ts'
import { tableOf } from './report.ts'
import { type FaultReport, isWhole, runFaults } from './run.ts'
import { System } from './system.ts'

const options = parse()
const { minutes, seed, only, eventsPerSecond, transport, outageSeconds, searchDiskMib } = options
const all = searchDiskMib > 0 ? [...FAULTS, FULL_DISK] : FAULTS
const chosen = chosenOf(all, only)
if (chosen.length === 0)
  wrong(`no fault has "${only}" in its name; there are: ${all.map(({ name }) => name).join('; ')}`)
// A file that cannot be written is reported now, and not after the run.
writeReport('')

print(`Seed ${seed}, ${minutes} minutes, ${chosen.length} faults, ${eventsPerSecond} events a second`)
// The proxy draws once for each bulk, which is never the same twice: the faults have choices of their own.
const system = await System.start({ random: seeded(~seed), transport, eventsPerSecond, searchDiskMib })
let code = 1
try {
  const random = seeded(seed)
  const held = new Set<string>()
  const isFirst = ({ name }: Fault) => !held.has(name) && held.add(name).size > 0
  const report = await runFaults(
    system,
    untilTime(chosen, random),
    random,
    ({ fault, recoveryMs }) => print(`${fault}: recovered after ${(recoveryMs / 1000).toFixed(1)} s`),
    isFirst,
  )
  const text = textOf(report)
  print(text)
  writeReport(options.report?.endsWith('.json') ? jsonOf(report) : `${text}\n`)
  code = isWhole(report) ? 0 : 1
} finally {
  await system.close()
}
// Waiting for a system that does not recover would never end.
process.exit(code)

/** Each fault once, in a random order, and again, until the time is over. */
function* untilTime(faults: readonly Fault[], by: Random): Generator<Fault> {
  const endsAt = performance.now() + minutes * 60_000
  for (let left: Fault[] = []; performance.now() < endsAt; ) {
    if (left.length === 0) left = [...faults]
    const [next] = left.splice(by.between(0, left.length - 1), 1)
    yield next as Fault
  }
  if (outageSeconds > 0) yield withoutElasticsearch(outageSeconds)
}

function textOf(report: FaultReport): string {
  const missing = [...report.comparisons].flatMap(([fault, { lost, twice }]) => [
    ...lost.map((id) => `- lost: ${id} (${fault})`),
    ...twice.map((id) => `- twice: ${id} (${fault})`),
  ])
  const { api, worker } = report.peakRssMb
  const answers = Object.entries(report.load?.answers ?? {}).map(([status, times]) => `${status}: ${times}`)
  return [
    tableOf(report.rows),
    '',
    adviceTable(report.advice),
    '',
    `Seed ${seed}; ${(report.seconds / 60).toFixed(1)} minutes; ${report.deadLetters} events were refused, dead-lettered and stored by a replay.`,
    `Most memory of the API ${api} MB, of the worker ${worker} MB. Answers to the load: ${answers.join(', ')}.`,
    ...report.notes,
    ...[...[...report.violations, ...report.adviceFaults].map((violation) => `- ${violation}`), ...missing].slice(
      0,
      100,
    ),
  ].join('\n')
}

function jsonOf({ comparisons, ...report }: FaultReport): string {
  return `${JSON.stringify({ seed, ...report, comparisons: Object.fromEntries(comparisons) }, null, 2)}\n`
}

function writeReport(text: string): void {
  if (options.report === undefined) return
  try {
    writeFileSync(options.report, text)
  } catch (error) {
    wrong(`--report is "${options.report}", which cannot be written: ${(error as Error).message}`)
  }
}

function parse(): Options {
  try {
    const parsed = optionsOf(process.argv.slice(2), Date.now() % 2 ** 31)
    if (parsed !== 'help') return parsed
  } catch (error) {
    return wrong((error as Error).message)
  }
  print(HELP)
  process.exit(0)
}

function wrong(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`)
  process.exit(2)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
