import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { settledPlatform } from '../../../infra/platform-args.ts'
import { factsOf } from '../../../infra/platform-facts.ts'
import { judgedChanges } from '../../../infra/safety/refusals.ts'
import { platformSettings } from '../../../infra/stack-args.ts'
import { changed, type StackName } from '../../support/stack.ts'

function refusedChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  acknowledge: readonly string[] = [],
): readonly string[] {
  return judgedChanges(before, after, { acknowledge }).refused
}

const ZONES = ['a', 'b', 'c']

/** What the stacks of the release before had, of what only grows. */
const BEFORE: Readonly<Partial<Record<StackName, Readonly<Record<string, string>>>>> = {
  staging: zoned({ bookies: 1, ledgersGib: 20, dataNodes: 1, dataGib: 35 }),
  production: zoned({ bookies: 2, ledgersGib: 234, dataNodes: 1, dataGib: 1420 }),
}

function zoned(counts: { bookies: number; ledgersGib: number; dataNodes: number; dataGib: number }) {
  const zones = ZONES.flatMap((zone) => [
    [`bookkeeper.replicas.${zone}`, counts.bookies],
    [`elasticsearch.elasticsearch-data-${zone}.replicas`, counts.dataNodes],
  ])
  const facts = {
    'runtime.PULSAR_PARTITIONS': 10,
    'bookkeeper.journalGib': 20,
    'bookkeeper.ledgersGib': counts.ledgersGib,
    'elasticsearch.elasticsearch-data.diskGib': counts.dataGib,
    ...Object.fromEntries(zones),
  }
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]))
}

describe('a stack of the project that runs since the release before', () => {
  for (const [stack, before] of Object.entries(BEFORE)) {
    it(`may be updated: ${stack} only grows`, () => {
      const after = factsOf(settledPlatform('platform', platformSettings(planOf(changed(stack as StackName)))))
      assert.deepEqual(refusedChanges(before, after), [])
    })
  }
})
