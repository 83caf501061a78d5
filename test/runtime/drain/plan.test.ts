import assert from 'node:assert/strict'
import { leftOver, vacant } from '../../../runtime/drain/claims.ts'
import { drainPlanFrom, isOneOf, leavingOf, type PlannedSet } from '../../../runtime/drain/plan.ts'

function set(name: string, replicas: number, changes: Partial<PlannedSet> = {}): PlannedSet {
  return {
    name,
    tier: 'bookkeeper',
    replicas,
    claims: ['journal', 'ledgers'],
    votes: false,
    unchecked: false,
    ...changes,
  }
}

describe('the servers that leave', () => {
  it('are the highest ordinals of each set, and none of a set that does not exist, grows, or is not checked', () => {
    const now = [
      { set: set('a', 1), present: 3 },
      { set: set('b', 2), present: 2 },
      { set: set('c', 4), present: 3 },
      { set: set('d', 2), present: 0 },
      { set: set('e', 1, { unchecked: true }), present: 3 },
    ]
    assert.deepEqual(leavingOf(now), ['a-1', 'a-2'])
  })

  it('are known by the whole name of their set', () => {
    const sets = [set('data', 3), set('data-b', 3)]
    assert.equal(isOneOf(sets, 'data-2'), true)
    assert.equal(isOneOf(sets, 'data-b-17'), true)
    assert.equal(isOneOf(sets, 'data-c-0'), false)
    assert.equal(isOneOf(sets, 'data'), false)
  })
})

describe('the volumes of drained servers', () => {
  const claim = (name: string, isDrained = false) => ({ name, isDrained })

  it('are all of the ordinals that a set no longer has, unless it was not checked', () => {
    const claims = [
      'journal-a-0',
      'journal-a-1',
      'ledgers-a-1',
      'ledgers-a-10',
      'other-a-1',
      'journal-a-b-1',
      'journal-a-x',
    ]
    const found = (sets: readonly PlannedSet[]) =>
      vacant(
        sets,
        claims.map((name) => claim(name)),
      ).map(({ name }) => name)
    assert.deepEqual(found([set('a', 1)]), ['journal-a-1', 'ledgers-a-1', 'ledgers-a-10'])
    assert.deepEqual(found([set('a', 1, { unchecked: true })]), [])
  })

  it('make room for new ones, but only where they are marked', () => {
    const now = [{ set: set('a', 3), present: 1 }]
    const claims = [
      claim('journal-a-0', true),
      claim('journal-a-1', true),
      claim('journal-a-2'),
      claim('ledgers-a-3', true),
    ]
    assert.deepEqual(leftOver(now, claims), ['journal-a-1'])
  })
})

describe('the plan of a drain', () => {
  it('is what the stack wrote', () => {
    const plan = { namespace: 'tracardi', volumes: 'keep', selector: 'app=a', gone: ['b'], sets: [set('a', 1)] }
    assert.deepEqual(drainPlanFrom(JSON.stringify(plan)), plan)
  })

  for (const text of [
    '',
    '{}',
    '{"namespace":"n","volumes":"burn","sets":[],"selector":"a","gone":[]}',
    '{"namespace":"n","volumes":"keep","sets":[{}],"selector":"a","gone":[]}',
    '{"namespace":"n","volumes":"keep","sets":[],"gone":[]}',
    '{"namespace":"n","volumes":"keep","sets":[],"selector":"a"}',
  ])
    it(`is refused where it is ${text || 'empty'}`, () => {
      assert.throws(() => drainPlanFrom(text), { code: 'command_invalid' })
    })
})
