import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { log, RunError } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import type { Finding } from './finding.ts'

const COMMAND = fileURLToPath(new URL('../commands/doctor.ts', import.meta.url))

/** A cluster that has not answered by then does not keep the preview from its own message about that. */
const PATIENCE_SECONDS = 60

/**
 * What the doctor finds, asked in a process of its own, because it plans the stack with an engine that answers nothing.
 *
 * @param config of the stack by group, without secrets.
 * @returns one finding of level `unknown` if the cluster cannot be asked: the engine says why in its own words.
 */
export async function doctorsFindings(config: Readonly<Record<string, unknown>>): Promise<readonly Finding[]> {
  const child = spawn(process.execPath, [COMMAND, '--config', '-', '--json'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE_SECONDS * 1000,
  })
  child.stdin.end(JSON.stringify(config))
  const [printed, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  try {
    return (JSON.parse(printed) as { findings: readonly Finding[] }).findings
  } catch {
    const why = complaint.trim().split('\n')[0] || `no answer within ${PATIENCE_SECONDS} seconds`
    return [{ code: 'not_examined', level: 'unknown', facts: {}, text: `The cluster was not examined: ${why}` }]
  }
}

/**
 * The first step of a preview: every finding is a warning of the engine.
 *
 * @param mode of `platform.doctor`.
 * @throws RunError with the errors, in the mode `refuse`.
 */
export async function examineFirst(
  mode: GroupOf<'platform'>['doctor'],
  config: Readonly<Record<string, unknown>>,
  examine: typeof doctorsFindings = doctorsFindings,
): Promise<void> {
  if (mode === 'off') return
  const findings = await examine(config)
  const errors = findings.filter(({ level }) => level === 'error')
  const refused = mode === 'refuse' ? errors : []
  for (const finding of findings) if (!refused.includes(finding)) await log.warn(lineOf(finding))
  if (refused.length > 0)
    throw new RunError(
      `the cluster lacks what the stack needs:\n${refused.map((each) => `  - ${lineOf(each)}`).join('\n')}`,
    )
}

const lineOf = ({ code, text: words }: Finding) => `${code}: ${words}`
