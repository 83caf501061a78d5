import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { AppError } from '../../runtime/errors.ts'
import { billOf } from '../bill.ts'
import { causesOf } from '../causes.ts'
import { choicesOf, type Raw, rangeOf, withoutRunning, withValue } from '../choices.ts'
import { readCoefficientsFile } from '../config/coefficients-file.ts'
import { planOf } from '../config/plan.ts'
import { readPricesFile } from '../config/prices-file.ts'
import { readStackFile } from '../config/stack-file.ts'
import { divisionOf } from '../division.ts'
import { DEFAULT_PRICES, type Prices } from '../sizing/prices.ts'
import { usage, withMessages } from './command.ts'
import { sizingPage } from './sizing-page.ts'
import { comparison, reasonsReport, type Sizing, sizingReport } from './sizing-report.ts'

/** `npm run sizing`: what a stack is sized to, what it costs, and why. */
const HELP = `Usage: npm run sizing -- --stack <name> [options]

  --stack <name>       the stack of stacks/Pulumi.<name>.yaml
  --set <key>=<value>  with another value, as load.retentionDays=14; may be repeated
  --new                as a new stack: without the counts and disks that a running one states
  --compare <other>    compare with another stack, or the same one with <key>=<value>; several
                       values with a comma; may be repeated
  --prices <file>      what you pay, as docs/prices/aws.yaml has it
  --coefficients <file>
                       with the measurements of npm run load-test, instead of the coefficients of the stack
  --why                each number with its reason
  --json               all of it as JSON
  --html <file>        also write a page with a chart

A load that is more than one stack carries is divided among equal stacks, and one of them is shown.

Exit code: 0, or 2 when the sizes break a limit (level error), or 1 for a fault of the configuration.
`

const BROKEN_LIMIT = 2

const OPTIONS = {
  stack: { type: 'string' },
  set: { type: 'string', multiple: true },
  new: { type: 'boolean' },
  compare: { type: 'string', multiple: true },
  prices: { type: 'string' },
  coefficients: { type: 'string' },
  why: { type: 'boolean' },
  json: { type: 'boolean' },
  html: { type: 'string' },
  help: { type: 'boolean' },
} as const

await withMessages(async () => {
  const flags = usage(HELP, () => {
    const { values } = parseArgs({ options: OPTIONS })
    if (!values.help && values.stack === undefined) throw new Error('Name a stack.')
    for (const text of values.set ?? []) assignmentOf(text)
    return values
  })
  if (flags.help) {
    process.stdout.write(HELP)
    return
  }
  const name = flags.stack as string
  const prices = flags.prices === undefined ? DEFAULT_PRICES : readPricesFile(flags.prices)
  const stack = readStackFile(name)
  const raw = changed(flags.new ? withoutRunning(stack) : stack, flags.set ?? [])
  const size = (label: string, config: Raw) => sizingOf(label, config, prices, flags.coefficients)
  const sizing = size(name, raw)
  const others = (flags.compare ?? []).map((other) =>
    size(other, other.includes('=') ? changed(raw, other.split(',')) : readStackFile(other)),
  )
  if (sizing.stacks > 1 || sizing.plan.findings.some(({ level }) => level === 'error')) process.exitCode = BROKEN_LIMIT
  if (flags.html !== undefined) writeFileSync(flags.html, sizingPage(sizing))
  if (flags.json) process.stdout.write(`${JSON.stringify([sizing, ...others].map(asJson), null, 2)}\n`)
  else if (flags.why) process.stdout.write(reasonsReport(sizing.plan))
  else process.stdout.write(others.length > 0 ? comparison([sizing, ...others], prices) : sizingReport(sizing))
})

function sizingOf(name: string, whole: Raw, prices: Prices, coefficientsFile: string | undefined): Sizing {
  const coefficients = coefficientsFile === undefined ? undefined : readCoefficientsFile(coefficientsFile)
  const { stacks, raw } = divisionOf(whole, coefficients)
  const plan = planOf(raw, coefficients)
  return {
    ...{ name, stacks, plan, prices, bill: billOf(plan, prices) },
    choices: choicesOf(raw, prices, coefficients),
    causes: causesOf(raw, prices, coefficients),
    range: rangeOf(raw, prices, coefficients ?? plan.coefficients),
  }
}

function asJson({ name, stacks, plan, bill, prices, choices, causes, range }: Sizing) {
  return {
    stack: name,
    stacks,
    load: plan.load,
    reasons: plan.reasons,
    findings: plan.findings,
    prices,
    bill,
    choices,
    causes,
    range,
  }
}

function changed(raw: Raw, assignments: readonly string[]): Raw {
  return assignments.map(assignmentOf).reduce<Raw>((config, [key, value]) => withValue(config, key, value), raw)
}

/** `group.key=value`, the value as YAML has it. */
function assignmentOf(text: string): readonly [string, unknown] {
  const [, key, value] = /^([a-z]\w*\.\w+)=(.*)$/i.exec(text) ?? []
  if (key === undefined || value === undefined)
    throw new AppError('command_invalid', `"${text}" is no change; state it as load.retentionDays=14`)
  return [key, parse(value)]
}
