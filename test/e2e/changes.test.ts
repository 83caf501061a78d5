import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { OWNED } from '../../infra/config/read.ts'
import { readStackFile } from '../../infra/config/stack-file.ts'
import { DeployedStack } from '../support/deployed.ts'
import { otherValues } from '../support/other-values.ts'

/**
 * What each key of the configuration changes, asked of the real engine and provider, on a dev stack that runs on a cluster.
 * `docs/changes.md` has the answers: `WRITE_CHANGES=1` writes it, and without it the answers must be those.
 */
const PAGE = new URL('../../docs/changes.md', import.meta.url)
const BEGIN = '| key | what an `up` does |\n| --- | --- |\n'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>
/** A replacement is reported once, not in its parts. */
const PARTS = /^(create-replacement|delete-replaced) /
/** What holds data, and what goes with all that is in it. */
const PRECIOUS = /^(replace|delete|delete-replaced|create-replacement) (StatefulSet|PersistentVolumeClaim|Namespace) /

describe('each key of the configuration', () => {
  const answers: string[] = []
  let stack: DeployedStack

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracardi-changes-'))
    process.env['KUBECONFIG'] = withOtherContext(join(folder, 'kubeconfig'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', folder)
    stack.configure({ platform: { namespace: 'tracardi-changes' }, images: IMAGES })
    await stack.up()
  })
  after(async () => {
    await stack.destroy()
    await stack.remove()
  })

  const dev = readStackFile('dev') as Record<string, Record<string, unknown>>
  for (const { key, changes } of otherValues(dev, new Set(Object.keys(OWNED)))) {
    it(`${key} replaces nothing that holds data`, async () => {
      const steps = await stack.preview(changes).then(
        (change) => change.steps,
        (error: Error) => [`refused: ${refusal(error.message)}`],
      )
      assert.deepEqual(
        steps.filter((step) => PRECIOUS.test(step)),
        [],
      )
      answers.push(`| \`${key}\` | ${steps.filter((step) => !PARTS.test(step)).join(', ') || 'nothing'} |`)
    })
  }

  it('does what the documentation says', () => {
    const text = readFileSync(PAGE, 'utf8')
    const expected = `${text.slice(0, text.indexOf(BEGIN))}${BEGIN}${answers.join('\n')}\n`
    if (process.env['WRITE_CHANGES']) writeFileSync(PAGE, expected)
    else assert.equal(text, expected)
  })
})

/** A copy of the KUBECONFIG in which the same cluster has a context `other` too. */
function withOtherContext(file: string): string {
  const config = new KubeConfig()
  config.loadFromDefault()
  const current = config.getContextObject(config.getCurrentContext())
  if (!current) throw new Error('the KUBECONFIG has no current context')
  config.addContext({ ...current, name: 'other' })
  writeFileSync(file, config.exportConfig())
  return file
}

/** The first line that says why. @throws Error when the preview failed for another reason than a refusal. */
function refusal(message: string): string {
  const line = /^ +- (.*?)(?:\. If that is done, .*)?$/m.exec(message)
  if (line === null) throw new Error(message)
  return line[1] as string
}
