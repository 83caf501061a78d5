import assert from 'node:assert/strict'
import { hotSpots } from '../../bench/profile.ts'

describe('the hot spots of a profile', () => {
  const frame = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } })

  it('are shares of the busy time by function, with package or file, the most first', () => {
    const profile = {
      nodes: [
        frame(1, '(idle)', ''),
        frame(2, 'parse', 'file:///somewhere/node_modules/@scope/name/lib/parse.js'),
        frame(3, '', 'file:///somewhere/runtime/api/compose.ts'),
        frame(4, 'writev', 'node:net'),
      ],
      samples: [1, 2, 3, 3, 4],
      timeDeltas: [1000, 10, 20, 30, 40],
    }
    assert.deepEqual(hotSpots(profile, 2), [
      { where: '(anonymous) in runtime/api/compose.ts', share: 0.5 },
      { where: 'writev in node:net', share: 0.4 },
    ])
    assert.equal(hotSpots(profile, 3)[2]?.where, 'parse in @scope/name')
  })
})
