import assert from 'node:assert/strict'
import { keptIn } from '../../../runtime/tracker/kept.ts'
import { pauseIn } from '../../../runtime/tracker/pause.ts'
import { FakeStorage, tabWith } from './fake-browser.ts'

const KEY = 'tracardi-pause:shop'

describe('the pause after a failure', () => {
  it('is random below a ceiling that doubles from 1 s to 1 min', () => {
    const pause = pauseIn(keptIn(tabWith(undefined)), KEY)
    const waits = Array.from({ length: 8 }, () => {
      pause.begin(false, 0, 0, 0.5)
      return pause.leftMs(0)
    })
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('comes after what the API has asked for, so that clients do not come back together', () => {
    const pause = pauseIn(keptIn(tabWith(undefined)), KEY)
    pause.begin(true, 2000, 100, 0)
    assert.equal(pause.leftMs(100), 2000)
    pause.begin(true, 2000, 100, 0.25)
    assert.equal(pause.leftMs(100), 2500)
    assert.equal(pause.leftMs(2599), 1)
    assert.equal(pause.leftMs(2600), 0)
  })

  it('holds for other tabs and the next page when the API has asked for it', () => {
    const storage = new FakeStorage()
    pauseIn(keptIn(tabWith(storage)), KEY).begin(true, 2000, 0, 0)
    assert.equal(pauseIn(keptIn(tabWith(storage)), KEY).leftMs(500), 1500)
  })

  it('holds for its page alone when the network has failed', () => {
    const storage = new FakeStorage()
    pauseIn(keptIn(tabWith(storage)), KEY).begin(false, 0, 0, 0.5)
    assert.deepEqual([...storage.entries], [])
  })

  it('is over when the network is back, unless the API has asked for it', () => {
    const pause = pauseIn(keptIn(tabWith(undefined)), KEY)
    pause.begin(false, 0, 0, 0.5)
    pause.networkIsBack()
    assert.equal(pause.leftMs(0), 0)
    pause.begin(true, 2000, 0, 0)
    pause.networkIsBack()
    assert.equal(pause.leftMs(0), 2000)
  })

  it('is over after a call that was answered, and the next one begins small', () => {
    const storage = new FakeStorage()
    const pause = pauseIn(keptIn(tabWith(storage)), KEY)
    for (let failure = 0; failure < 5; failure += 1) pause.begin(true, 0, 0, 0.5)
    pause.end()
    assert.equal(pause.leftMs(0), 0)
    assert.deepEqual([...storage.entries], [])
    pause.begin(false, 0, 0, 0.5)
    assert.equal(pause.leftMs(0), 500)
  })

  it('is never longer than an hour and a minute, however far the clock was set back', () => {
    const pause = pauseIn(keptIn(tabWith(undefined)), KEY)
    pause.begin(true, 3_600_000, 10_000_000, 0)
    assert.equal(pause.leftMs(0), 3_660_000)
  })
})
