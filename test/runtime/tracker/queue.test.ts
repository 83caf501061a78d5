import assert from 'node:assert/strict'
import { keptIn } from '../../../runtime/tracker/kept.ts'
import { queueIn } from '../../../runtime/tracker/queue.ts'
import { FakeStorage, tabWith } from './fake-browser.ts'

const PREFIX = 'tracardi-queue:shop:'
/** Ids whose time is 1, 2 and 3 ms after 1970. */
const [FIRST, SECOND, THIRD] = [1, 2, 3].map((ms) => `00000000-000${ms}-7000-8000-000000000000`) as [
  string,
  string,
  string,
]
const entry = (id: string) => ({ id, sessionId: 'session-1', json: `{"id":"${id}","text":"a\\nb"}` })

describe('the queue', () => {
  it('returns what was added, the oldest first', () => {
    const queue = queueIn(keptIn(tabWith(new FakeStorage())), PREFIX)
    for (const id of [SECOND, THIRD, FIRST]) queue.add(entry(id))
    assert.deepEqual(queue.ids(), [FIRST, SECOND, THIRD])
    assert.deepEqual(queue.get(SECOND), entry(SECOND))
    assert.equal(queue.get('other'), undefined)
  })

  it('is shared with the next page and other tabs, which add and remove without disturbing each other', () => {
    const storage = new FakeStorage()
    const [one, two] = [queueIn(keptIn(tabWith(storage)), PREFIX), queueIn(keptIn(tabWith(storage)), PREFIX)]
    one.add(entry(FIRST))
    two.add(entry(SECOND))
    two.remove(FIRST)
    one.add(entry(THIRD))
    assert.deepEqual(one.ids(), [SECOND, THIRD])
    assert.deepEqual(two.ids(), [SECOND, THIRD])
    assert.equal(one.outlivesPage(THIRD), true)
  })

  it('touches nothing of others: other sources, other scripts', () => {
    const storage = new FakeStorage()
    storage.setItem('theirs', 'x')
    queueIn(keptIn(tabWith(storage)), 'tracardi-queue:blog:').add(entry(FIRST))
    const queue = queueIn(keptIn(tabWith(storage)), PREFIX)
    assert.deepEqual(queue.ids(), [])
    assert.equal(queue.removeOlderThan(100), 0)
    assert.equal(storage.length, 2)
  })

  it('holds in memory what the browser does not keep: storage that is blocked, or full', () => {
    const full = new FakeStorage()
    full.quota = 1
    for (const storage of [undefined, full]) {
      const queue = queueIn(keptIn(tabWith(storage)), PREFIX)
      for (const id of [FIRST, SECOND]) queue.add(entry(id))
      assert.deepEqual(queue.ids(), [FIRST, SECOND])
      assert.deepEqual(queue.get(SECOND), entry(SECOND))
      assert.equal(queue.outlivesPage(FIRST), storage !== undefined)
      assert.equal(queue.outlivesPage(SECOND), false)
      queue.remove(SECOND)
      assert.deepEqual(queue.ids(), [FIRST])
    }
  })

  it('drops what is older than a time, and says how much', () => {
    const queue = queueIn(keptIn(tabWith(new FakeStorage())), PREFIX)
    for (const id of [FIRST, SECOND, THIRD]) queue.add(entry(id))
    assert.equal(queue.removeOlderThan(3), 2)
    assert.deepEqual(queue.ids(), [THIRD])
  })
})
