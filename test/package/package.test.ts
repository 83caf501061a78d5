import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PackedProject, packedProject } from '../support/packed-project.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROJECT = fileURLToPath(new URL('project/', import.meta.url))

interface Outcome {
  readonly byImport: number
  readonly registered: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
}

describe('the package, in a project of its own', () => {
  let project: PackedProject
  const run = (file: string, args: readonly string[]) =>
    execFileSync(file, args, { cwd: project.folder, encoding: 'utf8' })

  before(() => {
    project = packedProject()
  })
  after(() => project.remove())

  it('has the compiled library in it, and no source, test or stack', () => {
    const folders = new Set(project.packed.map((file) => file.split('/').slice(0, 3).join('/')))
    assert.deepEqual(
      [...folders].sort(),
      ['LICENSE', 'README.md', 'dist/infra', 'dist/runtime', 'package.json'].map((file) => `package/${file}`),
    )
  })

  it('provisions two Pulsar clusters and a platform, and nothing by being imported', () => {
    const { byImport, registered, outputs } = JSON.parse(run(process.execPath, ['preview.ts'])) as Outcome
    assert.equal(byImport, 0)
    const sets = registered.filter((one) => one.startsWith('kubernetes:apps/v1:StatefulSet '))
    assert.deepEqual(sets.map((one) => one.split(' ')[1]).sort(), [
      ...['billing-bookkeeper', 'billing-broker', 'billing-zookeeper'],
      ...['events-bookkeeper-a', 'events-bookkeeper-b', 'events-bookkeeper-c', 'events-broker'],
      ...['events-elasticsearch-data-a', 'events-elasticsearch-data-b', 'events-elasticsearch-data-c'],
      ...['events-elasticsearch-master', 'events-zookeeper'],
      ...['orders-bookkeeper-a', 'orders-bookkeeper-b', 'orders-bookkeeper-c', 'orders-broker', 'orders-zookeeper'],
    ])
    assert.equal(new Set(registered).size, registered.length)
    assert.deepEqual(outputs, {
      ordersUrl: 'pulsar://orders-broker.queues.svc.cluster.local:6650',
      billingUrl: 'pulsar://billing-broker.queues.svc.cluster.local:6650',
      trackUrl: 'http://events-api.events.svc.cluster.local:8585/track',
    })
  })

  const typesOf = (text: string) => {
    writeFileSync(join(project.folder, 'typed.ts'), text)
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--types', '']
    const module = ['--module', 'nodenext', '--target', 'es2024', '--allowImportingTsExtensions']
    try {
      run(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...module, 'typed.ts'])
      return 'accepted'
    } catch (error) {
      return /error (TS\d+)/.exec((error as { stdout: string }).stdout)?.[1]
    }
  }

  it('has types: a program is accepted, and an argument that does not exist is refused', () => {
    assert.equal(typesOf(readFileSync(join(PROJECT, 'program.ts'), 'utf8')), 'accepted')
    const made = "import { ZooKeeper } from 'tracardi-at-scale'\nnew ZooKeeper('z', { namespace: 'n', image: 'i', "
    assert.equal(typesOf(`${made}replicas: 3 })`), 'accepted')
    assert.equal(typesOf(`${made}nodes: 3 })`), 'TS2353')
    assert.equal(typesOf(`${made}replicas: 'three' })`), 'TS2322')
  })
})
