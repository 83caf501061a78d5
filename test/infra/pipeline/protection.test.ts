import assert from 'node:assert/strict'
import { type Environment, faultsOf } from '../../../infra/pipeline/protection.ts'

const REVIEWED = { type: 'required_reviewers', reviewers: [{ type: 'Team' }] }
const MAIN_ONLY = { protected_branches: true, custom_branch_policies: false }
const faults = (environment: Environment | undefined, approved: boolean) => faultsOf('x', environment, approved).length

describe('an environment', () => {
  it('must exist, whether it is approved or not', () => {
    assert.deepEqual([faults(undefined, true), faults(undefined, false)], [1, 1])
  })

  it('that is approved has reviewers and allowed branches', () => {
    const rule = { protection_rules: [REVIEWED], deployment_branch_policy: MAIN_ONLY }
    assert.equal(faults(rule, true), 0)
    assert.equal(faults({ ...rule, protection_rules: [{ type: 'branch_policy' }] }, true), 1)
    assert.equal(faults({ ...rule, protection_rules: [{ ...REVIEWED, reviewers: [] }] }, true), 1)
    assert.equal(faults({ ...rule, deployment_branch_policy: null }, true), 1)
    assert.equal(faults({ protection_rules: [], deployment_branch_policy: null }, true), 2)
    assert.equal(faults({}, true), 2)
  })

  it('that is not approved needs neither', () => assert.equal(faults({}, false), 0))
})
