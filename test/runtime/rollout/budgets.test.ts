import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubernetesApi } from '../../../runtime/kubernetes-api.ts'
import { budgetsOf } from '../../../runtime/rollout/budgets.ts'
import { type Answer, ScriptedServer } from '../../support/scripted-server.ts'

describe('the API server, as the keeper of budgets asks it', () => {
  const server = new ScriptedServer()
  const folder = mkdtempSync(join(tmpdir(), 'account-'))
  let api: KubernetesApi
  let answers: Record<string, Answer>

  before(async () => {
    for (const file of ['token', 'ca.crt']) writeFileSync(join(folder, file), '')
    await server.start()
    server.answer = ({ method, path }) => answers[`${method} ${path}`] ?? { status: 404 }
    api = new KubernetesApi({ url: server.url, namespace: 'ns', folder })
  })
  after(async () => {
    await api.close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  it('has the replicas of a set, 1 where it states none', async () => {
    answers = {
      'GET /apis/apps/v1/namespaces/ns/statefulsets/data': { body: { spec: { replicas: 3 } } },
      'GET /apis/apps/v1/namespaces/ns/statefulsets/master': { body: { spec: {} } },
    }
    assert.equal(await budgetsOf(api, 'ns').replicas('data'), 3)
    assert.equal(await budgetsOf(api, 'ns').replicas('master'), 1)
  })

  it('has a budget, and takes another one as a patch with the name of its owner', async () => {
    const path = '/apis/policy/v1/namespaces/ns/poddisruptionbudgets/data'
    answers = { [`GET ${path}`]: { body: { spec: { maxUnavailable: 1 } } }, [`PATCH ${path}`]: { body: {} } }
    assert.equal(await budgetsOf(api, 'ns').maxUnavailable('data'), 1)
    await budgetsOf(api, 'ns').setMaxUnavailable('data', 0)
    const last = server.calls.at(-1)
    assert.equal(last?.query.get('fieldManager'), 'budget-keeper')
    assert.deepEqual(JSON.parse(last?.text ?? ''), { spec: { maxUnavailable: 0 } })
  })
})
