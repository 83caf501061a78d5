import { readFileSync, writeFileSync } from 'node:fs'
import { type RehearseFlags, rehearseCommand, requireWritable, runRehearsal } from '../../runtime/commands/rehearse.ts'
import { loadConfig } from '../../runtime/config.ts'
import { type Rehearsal, readRehearsal } from '../../runtime/rehearsal/record.ts'
import { isWhole } from '../../runtime/rehearsal/summary.ts'
import { sizesFor } from '../config/plan.ts'
import { readStackFile } from '../config/stack-file.ts'
import { loadOf } from '../rehearsal/counts.ts'
import { findingsOf, type StackSizes } from '../rehearsal/findings.ts'
import { coefficientsFile } from '../rehearsal/measured.ts'
import { page } from '../rehearsal/page.ts'
import { textReport } from '../rehearsal/text-report.ts'
import { withMessages } from './command.ts'

/** `npm run rehearse`: a load like that of production, whether it is held, and what to change. */
interface Flags extends RehearseFlags {
  readonly report?: string
  readonly coefficients?: string
  readonly stack?: string
  readonly p99Ms: string
  readonly read?: string
}

await withMessages(async () => {
  const command = rehearseCommand()
    .name('npm run rehearse --')
    .option('--report <file>', 'write the report as a page of HTML')
    .option('--coefficients <file>', 'write what was measured, for npm run sizing and for the key `coefficients`')
    .option('--stack <name>', 'compare with what the stack of stacks/Pulumi.<name>.yaml needs for this load')
    .option('--p99-ms <n>', 'longest p99 latency with which the load counts as held', '1000')
    .option('--read <file>', 'report on what --record has written, as the log of a Job, and send nothing')
    .action(run)
  await command.parseAsync()
})

async function run(flags: Flags): Promise<void> {
  const outputs = [flags.report, flags.coefficients].filter((path) => path !== undefined)
  outputs.forEach(requireWritable)
  const stack = flags.stack === undefined ? undefined : stackSizes(flags.stack)
  const rehearsal: Rehearsal =
    flags.read === undefined
      ? await runRehearsal(loadConfig(process.env), flags)
      : readRehearsal(readFileSync(flags.read, 'utf8'))
  const findings = findingsOf(rehearsal, { p99Ms: Number(flags.p99Ms) }, stack)
  process.stdout.write(`\n${textReport(rehearsal, findings)}`)
  if (flags.report !== undefined) writeFileSync(flags.report, page(rehearsal, findings))
  if (flags.coefficients !== undefined) {
    writeFileSync(flags.coefficients, `${JSON.stringify(coefficientsFile(findings.measured), null, 2)}\n`)
  }
  for (const path of outputs) process.stdout.write(`Written: ${path}\n`)
  process.exitCode = findings.verdict.holds && isWhole(rehearsal) ? 0 : 1
}

/** The stack is read at once: a fault of it is told before an hour of load. */
function stackSizes(stack: string): StackSizes {
  const raw = readStackFile(stack)
  return {
    stack,
    derive: (rehearsal, coefficients) => sizesFor(raw, (kept) => loadOf(rehearsal, kept), coefficients),
  }
}
