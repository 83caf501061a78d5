import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as automation from '@pulumi/pulumi/automation/index.js'
import { type PackedProject, packedProject } from '../support/packed-project.ts'

/** The program of `test/package`, with the real engine and an API server: a preview asks both, and creates nothing. */
describe('the packed library, with the real engine', () => {
  let project: PackedProject
  before(() => {
    project = packedProject()
  })
  after(() => project.remove())

  it('previews two Pulsar clusters and a platform in a project of its own', async () => {
    const { folder } = project
    const state = join(folder, 'state')
    mkdirSync(state)
    const runtime = { name: 'nodejs', options: { typescript: false } }
    writeFileSync(join(folder, 'Pulumi.yaml'), JSON.stringify({ name: 'shop', main: 'program.ts', runtime }))
    const stack = await automation.LocalWorkspace.createStack(
      { stackName: 'test', workDir: folder },
      {
        envVars: {
          PULUMI_BACKEND_URL: `file://${state}`,
          PULUMI_CONFIG_PASSPHRASE: 'of a stack for tests',
          PULUMI_SKIP_UPDATE_CHECK: '1',
        },
      },
    )
    const created = new Set<string>()
    const other = new Set<string>()
    await stack.preview({
      onEvent: ({ resourcePreEvent }) => {
        if (resourcePreEvent === undefined) return
        const { op, urn } = resourcePreEvent.metadata
        const [, , types = '', name = ''] = urn.split('::')
        if (op === 'create') created.add(`${types.split(':').at(-1)} ${name}`)
        else if (op !== 'read') other.add(`${op} ${name}`)
      },
    })
    assert.deepEqual([...other], [])
    for (const expected of [
      ...['Pulsar orders', 'Pulsar billing', 'Platform events', 'StatefulSet orders-bookkeeper-a'],
      ...[
        'StatefulSet billing-bookkeeper',
        'StatefulSet events-bookkeeper-a',
        'StatefulSet events-elasticsearch-data-a',
      ],
    ]) {
      assert.ok(created.has(expected), expected)
    }
  })
})
