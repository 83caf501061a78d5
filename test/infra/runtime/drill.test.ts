import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../../infra/runtime/scripts/drill.sh', import.meta.url))

/** Stand-ins that write down what they are asked, and answer as a healthy stack does by default. */
const KUBECTL = `#!/usr/bin/env bash
shift 2
echo "$*" >> "$CALLS"
case "$*" in
  port-forward*) echo Forwarding; exec sleep 30 ;;
  *'indices check -'*) cat > /dev/null; exit "$CHECK_ANSWERS" ;;
  'get job drill-restore'*) echo "$RESTORE_ENDS" ;;
  'get job'*) echo 'SuccessCriteriaMet Complete' ;;
  'set env'*) echo yaml ;;
  'create -f -'*) cat > /dev/null ;;
esac`
const NODE = `#!/usr/bin/env bash
echo "node $*" >> "$CALLS"
echo an-id > "\${*: -1}"`

function drill(answers: { readonly check?: number; readonly restore?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'drill-'))
  for (const [name, text] of Object.entries({ kubectl: KUBECTL, node: NODE })) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    CALLS: join(folder, 'calls'),
    CHECK_ANSWERS: String(answers.check ?? 0),
    RESTORE_ENDS: answers.restore ?? 'SuccessCriteriaMet Complete',
    DRILL_PAUSE: '0.05',
    DRILL_SECONDS: answers.check ? '1' : '30',
  }
  const { status, stdout } = spawnSync('bash', [SCRIPT, 'tracardi', 'my-source'], { env, encoding: 'utf8' })
  const calls = readFileSync(env.CALLS, 'utf8').trim().split('\n')
  rmSync(folder, { recursive: true })
  return { status, stdout, calls }
}

describe('the drill', () => {
  it('makes a snapshot, sends what it lacks, restores everything, and compares the ids', () => {
    const { status, stdout, calls } = drill()
    assert.equal(status, 0, stdout)
    const steps = calls.flatMap((call) => {
      if (call.startsWith('node runtime/cli.ts send')) return ['send']
      if (call.includes('indices check -')) return ['check']
      return /^create job drill-(\w+)/.exec(call)?.[1] ?? []
    })
    assert.deepEqual(steps, ['send', 'check', 'snapshot', 'send', 'check', 'restore', 'check'])
    assert.ok(
      calls.some((call) => /^set env .*RESTORE_TO=latest RESTORE_EXISTING=--replace RESTORE_MODE=--apply/.test(call)),
    )
    assert.match(stdout, /passed after \d+ s$/m)
  })

  it('fails when an id is missing or stored twice, before it deletes anything', () => {
    const { status, calls } = drill({ check: 2 })
    assert.deepEqual([status, calls.some((call) => call.startsWith('create job'))], [2, false])
  })

  it('fails when the restore fails', () => {
    const { status, stdout } = drill({ restore: 'FailureTarget Failed' })
    assert.equal(status, 1)
    assert.match(stdout, /FAILED: drill-restore-\d+: FailureTarget Failed$/m)
  })
})
