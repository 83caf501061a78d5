import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { billOf } from '../bill.ts'
import { choicesOf, rangeOf, withValue } from '../choices.ts'
import { readCoefficientsFile } from '../config/coefficients-file.ts'
import { planOf } from '../config/plan.ts'
import { readPricesFile } from '../config/prices-file.ts'
import { readStackFile } from '../config/stack-file.ts'
import { DEFAULT_PRICES, type Prices } from '../sizing/prices.ts'
import { usage, withMessages } from './command.ts'
import { comparison, reasonsReport, type Sizing, sizingReport } from './sizing-report.ts'

/** `npm run sizing`: what a stack is sized to, what it costs, and why. */
const HELP = `Usage: npm run sizing -- --stack <name> [options]

  --stack <name>       the stack of stacks/Pulumi.<name>.yaml
  --set <key>=<value>  with another value, as load.retentionDays=14; may be repeated
  --compare <other>    beside another stack, or the same one with <key>=<value>; several
                       values with a comma; may be repeated
  --prices <file>      what you pay, as docs/prices/aws.yaml has it
  --coefficients <file>
                       with what npm run load-test has measured, instead of what the stack states
  --why                each number with its reason
  --json               all of it as JSON

Exit code: 0, or 2 when the sizes break a limit (level error), or 1 for a fault of the configuration.
`

const BROKEN_LIMIT = 2

const OPTIONS = {
  stack: { type: 'string' },
  set: { type: 'string', multiple: true },
  compare: { type: 'string', multiple: true },
  prices: { type: 'string' },
  coefficients: { type: 'string' },
  why: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Raw = Readonly<Record<string, unknown>>

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
  const raw = changed(readStackFile(name), flags.set ?? [])
  const size = (label: string, config: Raw) => sizingOf(label, config, prices, flags.coefficients)
  const sizing = size(name, raw)
  const others = (flags.compare ?? []).map((other) =>
    size(other, other.includes('=') ? changed(raw, other.split(',')) : readStackFile(other)),
  )
  if (sizing.plan.findings.some(({ level }) => level === 'error')) process.exitCode = BROKEN_LIMIT
  if (flags.json) process.stdout.write(`${JSON.stringify([sizing, ...others].map(asJson), null, 2)}\n`)
  else if (flags.why) process.stdout.write(reasonsReport(sizing.plan))
  else process.stdout.write(others.length > 0 ? comparison([sizing, ...others], prices) : sizingReport(sizing))
})

function sizingOf(name: string, raw: Raw, prices: Prices, coefficientsFile: string | undefined): Sizing {
  const coefficients = coefficientsFile === undefined ? undefined : readCoefficientsFile(coefficientsFile)
  const plan = planOf(raw, coefficients)
  return {
    ...{ name, plan, prices, bill: billOf(plan, prices) },
    choices: choicesOf(raw, prices, coefficients),
    range: rangeOf(raw, prices, coefficients ?? plan.coefficients),
  }
}

function asJson({ name, plan, bill, prices, choices, range }: Sizing) {
  return { stack: name, load: plan.load, reasons: plan.reasons, findings: plan.findings, prices, bill, choices, range }
}

function changed(raw: Raw, assignments: readonly string[]): Raw {
  return assignments.map(assignmentOf).reduce<Raw>((config, [key, value]) => withValue(config, key, value), raw)
}

/** `group.key=value`, the value as YAML has it. */
function assignmentOf(text: string): readonly [string, unknown] {
  const [, key, value] = /^([a-z]\w*\.\w+)=(.*)$/i.exec(text) ?? []
  if (key === undefined || value === undefined)
    throw new Error(`"${text}" is no change; state it as load.retentionDays=14`)
  return [key, parse(value)]
}
