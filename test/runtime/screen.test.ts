import assert from 'node:assert/strict'
import { createScreen } from '../../runtime/screen.ts'

function record(terminal: boolean, columns = 80) {
  const written: string[] = []
  return { written, output: { isTTY: terminal, columns, write: (text: string) => written.push(text) } }
}

describe('a terminal', () => {
  it('writes the status line again', () => {
    const { written, output } = record(true)
    const screen = createScreen(output)
    screen.status('one')
    screen.status('two')
    assert.deepEqual(written, ['\r\x1b[2Kone', '\r\x1b[2Ktwo'])
  })

  it('keeps the status line below what is said', () => {
    const { written, output } = record(true)
    const screen = createScreen(output)
    screen.status('status')
    screen.say('news')
    assert.equal(written[1], '\r\x1b[2Knews\nstatus')
  })

  it('cuts the status line, because one that wraps cannot be cleared', () => {
    const { written, output } = record(true, 5)
    createScreen(output).status('123456')
    assert.deepEqual(written, ['\r\x1b[2K1234'])
  })
})

describe('an output that is no terminal', () => {
  it('gets a status line when something changed, and at most every 10 s', () => {
    const { written, output } = record(false)
    let nowMs = 0
    const screen = createScreen(output, () => nowMs)
    const show = (atMs: number, text: string, key: string): void => {
      nowMs = atMs
      screen.status(text, key)
    }
    show(0, 'one', 'a')
    show(9999, 'two', 'b')
    show(10_000, 'three', 'b')
    show(30_000, 'three, later', 'b')
    show(30_001, 'four', 'c')
    assert.deepEqual(written, ['one\n', 'three\n', 'four\n'])
  })

  it('gets everything that is said, and no empty line for a cleared status', () => {
    const { written, output } = record(false)
    const screen = createScreen(output)
    screen.say('news')
    screen.status('')
    assert.deepEqual(written, ['news\n'])
  })
})
