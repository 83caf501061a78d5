import { execFileSync, spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { AppError } from '../../runtime/errors.ts'
import { deployedFrom, mayReplace, type Relation } from '../pipeline/order.ts'
import { type Environment, faultsOf } from '../pipeline/protection.ts'
import { usage, withMessages } from './command.ts'

/** What the workflows of GitHub Actions ask before they change a stack. What is on standard output goes to `$GITHUB_OUTPUT`. */
const HELP = `Usage: node infra/commands/pipeline.ts <command>

  image --stack <name> [--image <reference>]
      Sets the image of the stack's file: the given one, or the one that the stack runs. Prints deployed=true or false.
  order --stack <name> --commit <sha> [--force <sha>]
      Fails unless the commit contains what the stack runs, or is the one that is forced.
  environments <name>... [--approved <name>]...
      Fails unless each environment exists, and each that is approved has reviewers and allowed branches.
      Needs GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN.
`

const options = {
  stack: { type: 'string' },
  image: { type: 'string', default: '' },
  commit: { type: 'string' },
  force: { type: 'string', default: '' },
  approved: { type: 'string', multiple: true, default: [] as string[] },
} as const

const say = (line: string) => process.stderr.write(`${line}\n`)
const read = () => parseArgs({ options, allowPositionals: true })
type Arguments = ReturnType<typeof read>

const COMMANDS: Readonly<Record<string, (args: Arguments) => void | Promise<void>>> = {
  image: ({ values }) => setImage(stated(values.stack, '--stack'), values.image),
  order: ({ values }) => checkOrder(stated(values.stack, '--stack'), stated(values.commit, '--commit'), values.force),
  environments: ({ positionals, values }) => checkEnvironments(positionals.slice(1), values.approved),
}

await withMessages(async () => {
  const { run, args } = usage(HELP, () => {
    const parsed = read()
    const name = parsed.positionals[0] ?? ''
    const command = COMMANDS[name]
    if (command === undefined) throw new Error(`There is no command "${name}".`)
    return { run: command, args: parsed }
  })
  await run(args)
})

function stated(value: string | undefined, option: string): string {
  if (!value) throw new AppError('command_invalid', `${option} is missing.\n\n${HELP}`)
  return value
}

/** Standard output of a program. @throws when it fails; what it says of that goes to standard error. */
function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 << 20 })
}

function setImage(stack: string, given: string): void {
  // An empty object for a stack that was never up. A backend that does not answer, or an expired token, fails.
  const outputs = JSON.parse(output('pulumi', ['stack', 'output', '--json', '--stack', stack]))
  const running: string = outputs.runtimeImage ?? ''
  const image = given || running
  if (image) {
    output('pulumi', ['config', 'set', '--stack', stack, '--path', 'images.mode', 'prebuilt'])
    output('pulumi', ['config', 'set', '--stack', stack, '--path', 'images.runtime', image])
  }
  say(image ? `${stack} is taken with ${image}` : `${stack} was never up: it is taken with the image of its file`)
  process.stdout.write(`deployed=${running !== ''}\n`)
}

/** @throws when git cannot say, other than for a commit that it does not have */
function relationTo(commit: string): (deployed: string) => Relation {
  const has = (name: string) => spawnSync('git', ['cat-file', '-e', `${name}^{commit}`]).status === 0
  const contains = (older: string, newer: string) => {
    const { status, stderr } = spawnSync('git', ['merge-base', '--is-ancestor', older, newer], { encoding: 'utf8' })
    if (status !== 0 && status !== 1)
      throw new AppError('tool_failed', `git merge-base --is-ancestor ${older} ${newer}: ${stderr}`)
    return status === 0
  }
  return (deployed) => {
    if (!has(deployed)) return 'unknown'
    if (contains(deployed, commit)) return 'ancestor'
    return contains(commit, deployed) ? 'newer' : 'diverged'
  }
}

function checkOrder(stack: string, commit: string, forced: string): void {
  const shallow = output('git', ['rev-parse', '--is-shallow-repository']).trim()
  if (shallow === 'true')
    throw new AppError('deployment_refused', 'The checkout has no history. Check out with fetch-depth: 0.')
  const history = output('pulumi', ['stack', 'history', '--json', '--stack', stack, '--page-size', '100'])
  const verdict = mayReplace({ stack, commit, forced, deployed: deployedFrom(history), relation: relationTo(commit) })
  if (!verdict.allowed) throw new AppError('deployment_refused', verdict.reason)
  say(verdict.reason)
}

async function checkEnvironments(names: readonly string[], approved: readonly string[]): Promise<void> {
  const faults = await Promise.all(
    [...new Set([...names, ...approved])].map(async (name) =>
      faultsOf(name, await environmentOf(name), approved.includes(name)),
    ),
  )
  const told = faults.flat()
  if (told.length > 0) throw new AppError('deployment_refused', told.join('\n'))
}

/** Undefined when there is none of the name. @throws on any other answer but the environment */
async function environmentOf(name: string): Promise<Environment | undefined> {
  const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = process.env
  const url = `${api}/repos/${repository}/environments/${encodeURIComponent(name)}`
  const answer = await fetch(url, {
    headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  })
  if (answer.status === 404) return undefined
  if (!answer.ok)
    throw new AppError(
      'tool_failed',
      `GET ${url} was answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`,
    )
  return (await answer.json()) as Environment
}
