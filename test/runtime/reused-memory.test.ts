import assert from 'node:assert/strict'
import { Bodies } from '../../../runtime/worker/bodies.ts'

const lines = (...texts: string[]) => texts.map((text) => Buffer.from(text))

describe('the bodies of bulks', () => {
  it('are lines in a row', () => {
    assert.equal(new Bodies().join(lines('a\n', 'bc\n')).toString(), 'a\nbc\n')
  })

  it('take the memory of one that was given back, when they fit into it', () => {
    const bodies = new Bodies()
    const first = bodies.join(lines('a long body\n'))
    bodies.giveBack(first)
    const second = bodies.join(lines('short\n'))
    assert.equal(second.buffer, first.buffer)
    assert.equal(second.toString(), 'short\n')
    bodies.giveBack(second)
    const third = bodies.join(lines('another one\n'))
    assert.equal(third.buffer, first.buffer)
    assert.equal(third.toString(), 'another one\n')
    bodies.giveBack(third)
    assert.equal(bodies.join(lines('one that is longer than it\n')).toString(), 'one that is longer than it\n')
  })

  it('never share memory while they are in use', () => {
    const bodies = new Bodies()
    const [first, second] = [bodies.join(lines('first\n')), bodies.join(lines('second\n'))]
    assert.deepEqual([first.toString(), second.toString()], ['first\n', 'second\n'])
  })
})
