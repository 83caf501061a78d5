import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readIds } from '../../../runtime/commands/ids.ts'

const MODULE = new URL('../../../runtime/commands/ids.ts', import.meta.url)
const PROGRAM = `
  const { readIds } = await import(${JSON.stringify(MODULE.href)})
  process.stderr.write('reads')
  console.log(JSON.stringify(await readIds('-')))
`

describe('the ids that are checked', () => {
  it('are the different lines of a file that are not empty', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracardi-ids-'))
    const file = join(folder, 'ids')
    writeFileSync(file, 'one\n\n two \none\n')
    assert.deepEqual(await readIds(file), ['one', 'two'])
    rmSync(folder, { recursive: true })
  })

  it('come from a pipe that does not block, when there are any', async () => {
    // This end of its output does not block, as that of `kubectl exec`.
    const source = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] })
    const reader = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: [source.stdout, 'pipe', 'pipe'],
    })
    const printed = text(reader.stdout as NonNullable<typeof reader.stdout>)
    await once(reader.stderr as NonNullable<typeof reader.stderr>, 'data')
    source.stdin.end('one\ntwo\n')
    assert.equal(await printed, '["one","two"]\n')
  })
})
