import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rulesOf } from '../../infra/observability/rules.ts'
import { CASES } from './cases.ts'
import { RUNBOOKS, STACK } from './monitored-stack.ts'
import { suitesOf } from './promtool-file.ts'
import { queryRules } from './query-rules.ts'

/**
 * `npm run test:alerts`: Prometheus' own promtool reads every rule and every query of the dashboards, and says for each
 * alert whether it is reported in the one situation of its case, with the very words, and not in the other.
 */
const HOW_TO_GET_IT =
  'promtool is not on the PATH. It is part of Prometheus; with Go 1.26 or later:\n  go install -tags remove_all_sd github.com/prometheus/prometheus/cmd/promtool@v0.316.0\n'

const PROMTOOL = 'promtool'
const folder = mkdtempSync(join(tmpdir(), 'tracardi-alerts-'))

/** JSON is YAML. */
function write(name: string, content: object): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content, null, 2))
  return path
}

function promtool(...args: readonly string[]): boolean {
  const { status, error, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: 'utf8' })
  if (error) throw new Error(HOW_TO_GET_IT, { cause: error })
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`)
  return status === 0
}

try {
  const suites = Object.entries(CASES).flatMap(([alert, one]) => suitesOf(alert, one))
  for (const { name, suite } of suites) write(`${name}.rules.json`, suite.rules)
  const tests = suites.map(({ name, suite }) =>
    write(`${name}.test.json`, { rule_files: [`${name}.rules.json`], ...suite.tests }),
  )
  const held = [
    promtool('check', 'rules', write('rules.json', rulesOf(STACK, RUNBOOKS)), write('queries.json', queryRules())),
    promtool('test', 'rules', ...tests),
  ].every(Boolean)
  process.stdout.write(
    `${Object.keys(CASES).length} alerts, ${tests.length} situations: ${held ? 'all as they should be' : 'NOT as they should be'}\n`,
  )
  process.exitCode = held ? 0 : 1
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
