import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const NODE = {
  metadata: { name: 'machine-0', labels: { 'kubernetes.io/hostname': 'machine-0' } },
  spec: {},
  status: { allocatable: { cpu: '16', memory: '64Gi', 'ephemeral-storage': '90Gi', pods: '110' } },
}
const CLASS = {
  metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'example.com/disk',
  allowVolumeExpansion: true,
  volumeBindingMode: 'WaitForFirstConsumer',
}
const kinds = (...names: readonly (readonly [string, string])[]) => ({
  resources: names.map(([name, kind]) => ({ name, kind, namespaced: true, singularName: '', verbs: [] })),
})

/** What an API server answers to each path; a number is a status. */
const HEALTHY: Readonly<Record<string, unknown>> = {
  '/version': { gitVersion: 'v1.33.4', major: '1', minor: '33' },
  '/api/v1/nodes': { items: [NODE] },
  '/api/v1/pods': { items: [] },
  '/api/v1/namespaces': { items: [] },
  '/api/v1/namespaces/tracardi': 404,
  '/api/v1/namespaces/tracardi/resourcequotas': { items: [] },
  '/api/v1/namespaces/tracardi/limitranges': { items: [] },
  '/api/v1/namespaces/tracardi/persistentvolumeclaims': { items: [] },
  '/api/v1/persistentvolumes': { items: [] },
  '/apis/storage.k8s.io/v1/storageclasses': { items: [CLASS] },
  '/apis/networking.k8s.io/v1/ingressclasses': { items: [] },
  '/apis': { groups: [{ name: 'apps', versions: [] }] },
  '/apis/apps/v1': kinds(['statefulsets', 'StatefulSet'], ['statefulsets/status', 'StatefulSet']),
  '/api/v1': kinds(['secrets', 'Secret']),
}

describe('npm run doctor', function () {
  this.timeout(30_000)

  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
  })

  /** @param allowed what a review of rights answers; `*` first. */
  async function doctor(
    answers: Readonly<Record<string, unknown>>,
    allowed: (attributes: { readonly verb: string; readonly resource: string }) => boolean = () => true,
    ...args: readonly string[]
  ) {
    const server = createServer(async (request, response) => {
      const path = new URL(request.url ?? '', 'http://x').pathname.replace(/\/$/, '')
      const isReview = path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
      const asked = isReview ? JSON.parse(await text(request)).spec.resourceAttributes : undefined
      const answer = isReview ? { status: { allowed: allowed(asked) } } : (answers[path] ?? { resources: [] })
      response.writeHead(typeof answer === 'number' ? answer : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(typeof answer === 'number' ? { kind: 'Status', code: answer } : answer))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return doctorAt(`http://127.0.0.1:${port}`, ...args)
  }

  async function doctorAt(url: string, ...args: readonly string[]) {
    const config = join(mkdtempSync(join(tmpdir(), 'doctor-')), 'kubeconfig')
    const one = {
      clusters: [{ name: 'one', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'one', user: {} }],
      contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    }
    writeFileSync(config, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...one, 'current-context': 'one' }))
    const command = ['infra/commands/doctor.ts', '--stack', 'dev', '--context', 'one', ...args]
    const child = spawn(process.execPath, command, { cwd: ROOT, env: { ...process.env, KUBECONFIG: config } })
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ])
    return { status, stdout, stderr }
  }

  const codesIn = (stdout: string) => JSON.parse(stdout).findings.map(({ code }: { code: string }) => code)

  it('ends with 0 when the cluster has all that the stack needs', async () => {
    const { status, stdout, stderr } = await doctor(HEALTHY)
    assert.deepEqual(
      [status, stdout, stderr],
      [0, 'dev: the cluster (Kubernetes 1.33.4) has all that the stack needs.\n', ''],
    )
  })

  it('ends with 3 when it lacks something, as JSON with codes and facts', async () => {
    const { status, stdout } = await doctor(
      { ...HEALTHY, '/apis/storage.k8s.io/v1/storageclasses': { items: [] }, '/api/v1/nodes': { items: [] } },
      undefined,
      '--json',
    )
    assert.deepEqual([status, codesIn(stdout)], [3, ['storage_class_default_missing', 'pods_do_not_fit']])
  })

  it('asks for every right when the user may not do all, and names those that are missing', async () => {
    const { status, stdout } = await doctor(
      HEALTHY,
      ({ verb, resource }) => verb !== '*' && (verb !== 'create' || resource !== 'secrets'),
      '--json',
    )
    assert.deepEqual([status, JSON.parse(stdout).findings[0].facts.denied], [3, ['create secrets']])
  })

  it('checks what the user may read, and names the rest', async () => {
    const { status, stdout } = await doctor(
      { ...HEALTHY, '/api/v1/nodes': 403, '/api/v1/pods': 403 },
      undefined,
      '--json',
    )
    const { findings } = JSON.parse(stdout)
    assert.deepEqual([status, findings[0].code, findings[0].facts.parts], [0, 'not_readable', ['nodes', 'pods']])
  })

  it('ends with 1 when the cluster does not answer, or its context does not exist', async () => {
    const unreachable = await doctorAt('http://127.0.0.1:1')
    assert.equal(unreachable.status, 1)
    assert.match(
      unreachable.stderr,
      /^cluster_unreachable: the cluster of the kubeconfig, http:\/\/127\.0\.0\.1:1, does not answer/,
    )
    const unknown = await doctorAt('http://127.0.0.1:1', '--context', 'two')
    assert.equal(unknown.status, 1)
    assert.match(unknown.stderr, /^command_invalid: the kubeconfig has no context "two"; it has: one/)
  })
})
