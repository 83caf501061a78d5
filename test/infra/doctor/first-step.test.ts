import assert from 'node:assert/strict'
import { error, type Finding, warning } from '../../../infra/doctor/finding.ts'
import { doctorsFindings, examineFirst } from '../../../infra/doctor/first-step.ts'

const FOUND: readonly Finding[] = [error('quota_too_small', 'It is small.'), warning('metrics_not_served', 'None.')]

describe('the first step of a preview', () => {
  it('does not examine a cluster when it is off', async () => {
    await examineFirst('off', {}, () => assert.fail('it was examined'))
  })

  it('lets the preview continue with report, and ends it at an error with refuse', async () => {
    await examineFirst('report', {}, async () => FOUND)
    await examineFirst('refuse', {}, async () => FOUND.slice(1))
    await assert.rejects(
      examineFirst('refuse', {}, async () => FOUND),
      /^Error: the cluster lacks what the stack needs:\n {2}- quota_too_small: It is small\.$/,
    )
  })

  it('continues without findings of a cluster that cannot be asked, and says why', async () => {
    const findings = await doctorsFindings({ platform: { environment: 'dev', context: 'no such context' } })
    assert.deepEqual(
      findings.map(({ code, level }) => [code, level]),
      [['not_examined', 'unknown']],
    )
    assert.match(
      findings[0]?.text ?? '',
      /^The cluster was not examined: command_invalid: the kubeconfig has no context "no such context"/,
    )
  }).timeout(30_000)
})
