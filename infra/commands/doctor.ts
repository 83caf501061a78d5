import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { planOf } from '../config/plan.ts'
import { readStackFile } from '../config/stack-file.ts'
import { findingsOf } from '../doctor/findings.ts'
import { needsOf } from '../doctor/needs.ts'
import { plannedObjects } from '../doctor/planned-objects.ts'
import { readCluster } from '../doctor/read-cluster.ts'
import { usage, withMessages } from './command.ts'
import { doctorReport } from './doctor-report.ts'

/** `npm run doctor`: what a cluster lacks for a stack, before the first `up`. */
const HELP = `Usage: npm run doctor -- --stack <name> [options]

  --stack <name>     the stack of stacks/Pulumi.<name>.yaml
  --config -         instead of --stack: its configuration by group, as JSON on standard input
  --context <name>   a context of the kubeconfig, instead of platform.context
  --json             all of it as JSON

Exit code: 0, or 3 when the cluster lacks something (level error), or 1 for a fault of the
configuration or a cluster that does not answer.
`

const LACKS = 3

const OPTIONS = {
  stack: { type: 'string' },
  config: { type: 'string' },
  context: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

await withMessages(async () => {
  const flags = usage(HELP, () => {
    const { values } = parseArgs({ options: OPTIONS })
    if (!values.help && (values.stack === undefined) === (values.config === undefined)) throw new Error('Name a stack.')
    if (values.config !== undefined && values.config !== '-') throw new Error('--config takes -, standard input.')
    return values
  })
  if (flags.help) {
    process.stdout.write(HELP)
    return
  }
  const raw = flags.stack === undefined ? JSON.parse(await text(process.stdin)) : readStackFile(flags.stack)
  const plan = planOf(raw)
  const needs = needsOf(plan, await plannedObjects(plan))
  const facts = await readCluster(flags.context ?? plan.platform.context, needs)
  const findings = findingsOf(needs, facts)
  if (findings.some(({ level }) => level === 'error')) process.exitCode = LACKS
  if (flags.json) process.stdout.write(`${JSON.stringify({ version: facts.version, findings }, null, 2)}\n`)
  else process.stdout.write(doctorReport(flags.stack ?? 'the stack', facts.version, findings))
})
