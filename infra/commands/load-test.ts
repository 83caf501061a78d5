import { readFileSync, writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import {
  type LoadTestFlags,
  loadTestCommand,
  loadTestOptions,
  requireWritable,
  runLoadTestCommand,
} from '../../runtime/commands/load-test.ts'
import { watchWaits } from '../../runtime/commands/waits.ts'
import { loadConfig } from '../../runtime/config.ts'
import { AppError } from '../../runtime/errors.ts'
import { type LoadTest, readLoadTest } from '../../runtime/load-test/record.ts'
import { isWhole } from '../../runtime/load-test/summary.ts'
import { commandTarget } from '../../runtime/local/command-target.ts'
import { planOf, sizesFor } from '../config/plan.ts'
import { readStackFile } from '../config/stack-file.ts'
import { findingsOf, loadOf, type StackSizes } from '../load-test/findings.ts'
import { loadTestObjects } from '../load-test/job.ts'
import { coefficientsFault, coefficientsFile } from '../load-test/measured.ts'
import { page } from '../load-test/page.ts'
import { textReport } from '../load-test/text-report.ts'
import { withMessages } from './command.ts'

/** `npm run load-test`: a load like that of production, whether it is held, and what to change. */
interface Flags extends LoadTestFlags {
  readonly report?: string
  readonly coefficients?: string
  readonly stack?: string
  readonly p99Ms: string
  readonly read?: string
  readonly beside?: string
  readonly job?: boolean
  readonly image?: string
}

/** Options other than rate and time are passed on unchanged. */
const PASSED_ON = [
  'source',
  'profiles',
  'eventsPerCall',
  'eventSize',
  'seed',
  'connections',
  'retrySeconds',
  'drainSeconds',
] as const
/** Beyond load and draining: to be scheduled, to compare and to delete. */
const SPARE_SECONDS = 3600

await withMessages(async () => {
  const command = loadTestCommand()
    .name('npm run load-test --')
    .option('--report <file>', 'write the report as a page of HTML')
    .option('--coefficients <file>', 'write what was measured, for npm run sizing and for the key `coefficients`')
    .option('--stack <name>', 'compare with what the stack of stacks/Pulumi.<name>.yaml needs for this load')
    .option('--p99-ms <n>', 'maximum p99 latency of a held load', '1000')
    .option('--read <file>', 'report on what --record has written, as the log of a Job, and send nothing')
    .option(
      '--beside <file>',
      'a file of --record with calls of another size: separates the cost of a call from that of an event',
    )
    .option('--job', 'print a Job that runs the load test within the cluster of --stack, for kubectl apply')
    .option('--image <reference>', 'image of that Job; the one that the stack names')
    .action((flags: Flags) => (flags.job === true ? printJob(flags) : run(flags)))
  await command.parseAsync()
})

async function run(flags: Flags): Promise<void> {
  const p99Ms = Number(flags.p99Ms)
  if (!(p99Ms > 0)) {
    throw new AppError('command_invalid', `--p99-ms is "${flags.p99Ms}"; allowed: a number over 0`)
  }
  const outputs = [flags.report, flags.coefficients].filter((path) => path !== undefined)
  outputs.forEach(requireWritable)
  const stack = flags.stack === undefined ? undefined : stackSizes(flags.stack)
  const loadTest = flags.read === undefined ? await loadTestNow(flags) : readLoadTest(recorded(flags.read))
  const beside = flags.beside === undefined ? undefined : readLoadTest(recorded(flags.beside))
  const findings = findingsOf(loadTest, { p99Ms }, stack, beside)
  process.stdout.write(`\n${textReport(loadTest, findings)}`)
  if (flags.report !== undefined) writeFileSync(flags.report, page(loadTest, findings))
  const fault = flags.coefficients === undefined ? undefined : coefficientsFault(loadTest, findings.verdict)
  if (fault !== undefined) process.stderr.write(`No coefficients are written: ${fault}\n`)
  if (flags.coefficients !== undefined && fault === undefined) {
    writeFileSync(flags.coefficients, `${JSON.stringify(coefficientsFile(findings.measured), null, 2)}\n`)
  }
  for (const path of outputs.filter((path) => fault === undefined || path !== flags.coefficients))
    process.stdout.write(`Written: ${path}\n`)
  process.exitCode = findings.verdict.holds && isWhole(loadTest) && fault === undefined ? 0 : 1
}

/** On what the environment names, or on the run on this machine. */
function loadTestNow(flags: Flags): Promise<LoadTest> {
  const say = (text: string): unknown => process.stderr.write(`${text}\n`)
  watchWaits(say)
  const { env, run } = commandTarget(process.env, say, { run: flags.run, url: flags.target })
  return runLoadTestCommand(loadConfig(env), flags, run)
}

function recorded(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('command_invalid', `the file "${path}" cannot be read`, { cause })
  }
}

/** The stack is read first, so that its faults are reported before an hour of load. */
function stackSizes(stack: string): StackSizes {
  const raw = readStackFile(stack)
  return {
    stack,
    derive: (loadTest, coefficients) => sizesFor(raw, (kept) => loadOf(loadTest, kept), coefficients),
  }
}

function printJob(flags: Flags): void {
  const { eventsPerSecond, seconds, retrySeconds, drainSeconds, clean } = loadTestOptions(flags)
  if (flags.stack === undefined)
    throw new AppError('command_invalid', '--job needs --stack, the stack in whose cluster it is to run')
  const plan = planOf(readStackFile(flags.stack))
  const image = flags.image ?? plan.images.runtime
  if (image === '')
    throw new AppError(
      'command_invalid',
      `stack ${flags.stack} builds its image: name the one that it runs with --image`,
    )
  const objects = loadTestObjects({
    plan,
    image,
    name: `load-test-${Math.floor(Date.now() / 1000).toString(36)}`,
    eventsPerSecond,
    flags: [
      ...['--events-per-second', String(eventsPerSecond), '--duration', `${seconds}s`],
      ...PASSED_ON.flatMap((key) => [
        `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        flags[key],
      ]),
      ...(clean ? ['--clean'] : []),
    ],
    deadlineSeconds: Math.ceil(seconds + retrySeconds + drainSeconds) + SPARE_SECONDS,
  })
  process.stdout.write(objects.map((object) => `---\n${stringify(object)}`).join(''))
}
