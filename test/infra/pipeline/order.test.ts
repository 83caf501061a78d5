import assert from 'node:assert/strict'
import { type Deployed, deployedFrom, mayReplace, type Relation } from '../../../infra/pipeline/order.ts'

const update = (kind: string, commit?: string, result = 'succeeded') => ({
  kind,
  result,
  environment: { 'exec.kind': 'cli', ...(commit === undefined ? {} : { 'git.head': commit }) },
})
const from = (...updates: readonly object[]) => deployedFrom(JSON.stringify(updates))

describe('what a stack runs, by its history', () => {
  it('is the commit of the last up, whatever came after it', () => {
    const history = from(update('refresh', 'c'), update('update', 'b'), update('update', 'a'))
    assert.deepEqual(history, { ever: true, commit: 'b' })
  })

  it('is that of an up that failed: part of it may run', () => {
    assert.deepEqual(from(update('update', 'b', 'failed'), update('update', 'a')), { ever: true, commit: 'b' })
  })

  it('is unknown when the last up was not made from a git checkout', () => {
    assert.deepEqual(from(update('update'), update('update', 'a')), { ever: true })
    assert.deepEqual(from({ kind: 'update' }), { ever: true })
  })

  it('is nothing before the first up and after a destroy', () => {
    assert.deepEqual(from(), { ever: false })
    assert.deepEqual(from(update('destroy', 'b'), update('update', 'a')), { ever: false })
  })

  it('is an error when the text is no history', () => {
    assert.throws(() => deployedFrom('{"error":"expired"}'), /instead of a list/)
    assert.throws(() => deployedFrom('not JSON'), SyntaxError)
  })
})

describe('a commit', () => {
  const allowed = (deployed: Deployed, relation: Relation | undefined, forced?: string) =>
    mayReplace({
      stack: 'dev',
      commit: 'new',
      deployed,
      forced,
      relation: () => {
        if (relation === undefined) throw new Error('asked, although it decides nothing')
        return relation
      },
    }).allowed
  const runs: Deployed = { ever: true, commit: 'old' }

  it('replaces only a commit that it contains', () => {
    const relations: readonly Relation[] = ['ancestor', 'newer', 'diverged', 'unknown']
    assert.deepEqual(
      relations.map((relation) => allowed(runs, relation)),
      [true, false, false, false],
    )
  })

  it('replaces nothing that nobody knows', () => assert.equal(allowed({ ever: true }, undefined), false))

  it('is the first of a stack', () => assert.equal(allowed({ ever: false }, undefined), true))

  it('replaces whatever runs when it is the one that is forced, and no other is', () => {
    assert.equal(allowed(runs, undefined, 'new'), true)
    assert.equal(allowed({ ever: true }, undefined, 'new'), true)
    assert.equal(allowed(runs, 'newer', 'other'), false)
    assert.equal(allowed(runs, 'newer', ''), false)
  })
})
