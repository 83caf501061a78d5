import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { homeFolder, homeIn } from '../../runtime/local/home.ts'
import { installServers } from '../../runtime/local/install.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { type Figures, page, type Step } from './page.ts'
import { Terminal } from './terminal.ts'

/**
 * The first ten minutes of a new user, as a script: `npm start`, and then the commands that it prints, as they are printed.
 * `npm run first-minutes` writes docs/first-minutes.md with what was seen, and after how many seconds.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = join(ROOT, 'docs/first-minutes.md')
const CALLS = 20
const POLL_MS = 50

const home = mkdtempSync(join(tmpdir(), 'first-minutes-'))
const installed = homeIn(homeFolder(process.env, process.env['TRACARDI_HOME'] ?? '', process.getuid?.(), homedir()))
await installServers(installed, (text) => process.stderr.write(`${text}\n`))
// The servers of root run as another user.
chmodSync(home, 0o755)
symlinkSync(installed.servers, join(home, 'servers'))
const env: NodeJS.ProcessEnv = { ...process.env, TRACARDI_HOME: home }
for (const name of [
  'PUBLIC_PORT',
  'PRIVATE_PORT',
  'TRACARDI_PULSAR_PORT',
  'TRACARDI_PULSAR_API_PORT',
  'TRACARDI_ELASTIC_PORT',
])
  env[name] = String(await freePort())

const shell = (command: string): string => execFileSync('sh', ['-c', command], { cwd: ROOT, env, encoding: 'utf8' })
const steps: Step[] = []
const run = new Terminal('npm start', ROOT, env)
try {
  const readySeconds = await run.until(/npm run cli -- backlog/)
  const readyAtMs = Date.now()
  steps.push({ command: '`npm start`', seen: 'Ready, with the commands below', seconds: readySeconds })
  const send = printed(/^ {2}curl -s \S+\/track[\s\S]*?\]\}'$/m)
  const find = printed(/^ {2}curl -s .*_search\?q=session\.id:my-session&pretty'?$/m)
  const tail = new Terminal('npm run cli -- tail', ROOT, env)
  const followingSeconds = await tail.until(/Shows the events that arrive/)
  steps.push({ command: `\`${tail.command}\``, seen: 'it follows the API', seconds: followingSeconds })
  const sentAtMs = Date.now()
  shell(send)
  const liveSeconds = await tail.since(sentAtMs, /purchase/)
  const firstSeenSeconds = (Date.now() - readyAtMs) / 1000
  const seenLive = 'its three events in the terminal of `tail`'
  steps.push({ command: 'the printed `curl`, pasted', seen: seenLive, seconds: liveSeconds })
  steps.push(await foundStep('the printed search', find, 3, sentAtMs))
  const againAtMs = Date.now()
  shell(send)
  steps.push(await foundStep('the printed `curl`, pasted again', find, 6, againAtMs))
  await tail.stop()
  const figures = { ...(await findable(find)), readySeconds, firstSeenSeconds }
  steps.push(seen('npm run cli -- status', /^Now: .*/m))
  steps.push(seen('npm run cli -- indices', /^tracardi-event\S* +\d+/m))
  steps.push(seen('npm run cli -- send --events 1000', /.*answered 200.*/))
  steps.push(seen('npm run load-test -- --events-per-second 50 --duration 30s', /^lost .*/m))
  const stoppedAtMs = Date.now()
  await run.stop()
  steps.push({ command: 'Ctrl-C', seen: lastLine(run.output), seconds: (Date.now() - stoppedAtMs) / 1000 })
  writeFileSync(PAGE, page(steps, figures, new Date()))
} finally {
  await run.stop()
  rmSync(home, { recursive: true, force: true })
}

function printed(pattern: RegExp): string {
  const found = pattern.exec(run.output)?.[0]
  if (found === undefined) throw new Error(`npm start printed nothing like ${pattern}:\n${run.output}`)
  return found
}

function hits(find: string): number {
  const { hits: found } = JSON.parse(shell(find)) as { hits?: { total: { value: number } } }
  return found?.total.value ?? 0
}

async function foundStep(command: string, find: string, events: number, sinceMs: number): Promise<Step> {
  return { command, seen: `${events} events`, seconds: await untilFound(find, events, sinceMs) }
}

async function untilFound(find: string, events: number, sinceMs: number): Promise<number> {
  while (hits(find) < events) await sleep(POLL_MS)
  return (Date.now() - sinceMs) / 1000
}

/** How long after its 200 an event is found, of calls one after another. */
async function findable(find: string): Promise<Pick<Figures, 'calls' | 'medianSeconds' | 'maxSeconds'>> {
  const url = /http\S+\/track/.exec(run.output)?.[0] ?? ''
  const seconds: number[] = []
  for (let call = 0; call < CALLS; call += 1) {
    const session = `call-${call}`
    const body = { source: { id: 'my-source' }, session: { id: session }, events: [{ type: 'page-view' }] }
    const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
    if (status !== 200) throw new Error(`a call was answered ${status}`)
    seconds.push(await untilFound(find.replace('session.id:my-session', `session.id:${session}`), 1, Date.now()))
    // Not in step with the bulks.
    await sleep((call * 137) % 1000)
  }
  seconds.sort((one, other) => one - other)
  return { calls: CALLS, medianSeconds: seconds[CALLS / 2] ?? 0, maxSeconds: seconds.at(-1) ?? 0 }
}

/** A command that ends, and the line of its output that matters. @throws Error with its output when that has no such line */
function seen(command: string, line: RegExp): Step {
  const beganAtMs = Date.now()
  const output = shell(command)
  const found = line.exec(output)?.[0].trim()
  if (found === undefined) throw new Error(`${command} printed nothing like ${line}:\n${output}`)
  return { command: `\`${command}\``, seen: found.replace(/ {2,}/g, '  '), seconds: (Date.now() - beganAtMs) / 1000 }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}
