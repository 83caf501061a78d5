import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { changed, registeredBy, STACKS } from '../support/stack.ts'
import { WAIVERS, type Waiver } from './waivers.ts'

/**
 * The objects of every stack before `checkov` and `kube-score`, which are on the PATH. Fails for a finding that is not waived,
 * and for a waiver that nothing needs any more. What the engine and the providers would make is a text in its place.
 */
interface Finding extends Pick<Waiver, 'linter' | 'check'> {
  readonly object: string
  readonly says: string
}

function run(command: string, args: readonly string[]): unknown {
  const { stdout, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 })
  if (error) throw new Error(`${command} did not run (${error.message}); install it, see CONTRIBUTING.md`)
  return JSON.parse(stdout)
}

function checkov(file: string): readonly Finding[] {
  const { results } = run('checkov', ['-f', file, '--framework', 'kubernetes', '--compact', '-o', 'json']) as {
    results: { failed_checks: { check_id: string; check_name: string; resource: string }[] }
  }
  return results.failed_checks.map(({ check_id, check_name, resource }) => ({
    linter: 'checkov',
    check: check_id,
    object: resource.split('.').at(-1) as string,
    says: check_name,
  }))
}

/** The grade of a check that found nothing, as kube-score has it. */
const ALL_OK = 10

function kubeScore(file: string): readonly Finding[] {
  const objects = run('kube-score', ['score', file, '--output-format', 'json']) as {
    object_meta: { name: string }
    checks: { check: { id: string; name: string }; grade: number; skipped: boolean }[] | null
  }[]
  return objects.flatMap(({ object_meta, checks }) =>
    (checks ?? [])
      .filter(({ grade, skipped }) => grade < ALL_OK && !skipped)
      .map(({ check }) => ({ linter: 'kube-score', check: check.id, object: object_meta.name, says: check.name })),
  )
}

const waives = (waiver: Waiver) => (finding: Finding) =>
  waiver.linter === finding.linter && waiver.check === finding.check && waiver.objects.test(finding.object)

const folder = mkdtempSync(join(tmpdir(), 'tracardi-manifests-'))
const needed = new Set<Waiver>()
let faults = 0
const print = (line: string) => process.stdout.write(`${line}\n`)
for (const stack of STACKS) {
  const file = join(folder, `${stack}.yaml`)
  const objects = (await registeredBy(changed(stack))).filter(({ type }) => type.startsWith('kubernetes:'))
  writeFileSync(file, objects.map(({ inputs }) => stringify(inputs)).join('---\n'))
  const findings = [...checkov(file), ...kubeScore(file)]
  const open = findings.filter((finding) => {
    const waiver = WAIVERS.find((each) => waives(each)(finding))
    if (waiver) needed.add(waiver)
    return waiver === undefined
  })
  for (const { linter, check, object, says } of open) print(`${stack}: ${object}: ${says} (${linter} ${check})`)
  print(`${stack}: ${objects.length} objects, ${findings.length - open.length} findings waived, ${open.length} open`)
  faults += open.length
}
for (const waiver of WAIVERS) {
  if (needed.has(waiver)) continue
  print(`nothing needs the waiver of ${waiver.linter} ${waiver.check} for ${waiver.objects}: remove it`)
  faults++
}
process.exitCode = faults === 0 ? 0 : 1
