import { parseArgs } from 'node:util'
import { readCoefficientsFile } from '../config/coefficients-file.ts'
import { planOf } from '../config/plan.ts'
import { readStackFile } from '../config/stack-file.ts'
import { usage, withMessages } from './command.ts'
import { sizingReport } from './sizing-report.ts'

/** `npm run sizing`: what a stack is sized to, why, and what it asks of a cluster. */
const HELP = `Usage: npm run sizing -- --stack <name> [--coefficients <file>] [--json]

  --stack <name>  the stack of stacks/Pulumi.<name>.yaml
  --coefficients <file>
                  with the measurements of npm run load-test, instead of the coefficients of the stack
  --json          each number with its unit, where it comes from and why, as JSON
`

await withMessages(async () => {
  const options = {
    stack: { type: 'string' },
    coefficients: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const
  const stack = usage(HELP, () => {
    const { values } = parseArgs({ options })
    if (!values.help && values.stack === undefined) throw new Error('Name a stack.')
    return values
  })
  if (stack.help) {
    process.stdout.write(HELP)
    return
  }
  const coefficients = stack.coefficients === undefined ? undefined : readCoefficientsFile(stack.coefficients)
  const plan = planOf(readStackFile(stack.stack as string), coefficients)
  const { reasons, warnings } = plan
  process.stdout.write(stack.json ? `${JSON.stringify({ reasons, warnings }, null, 2)}\n` : sizingReport(plan))
})
