import assert from 'node:assert/strict'
import type { HistoryIndex } from '../../../runtime/console/history-index.ts'
import type { Observation } from '../../../runtime/console/observation.ts'
import { Recorder } from '../../../runtime/console/recorder.ts'
import type { PastAdvice } from '../../../runtime/console/state.ts'
import type { ProcessCounts, Sample } from '../../../runtime/console/timeline.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordingLog } from '../../support/log.ts'
import { until } from '../../support/until.ts'
import { observation, partitions } from './observations.ts'

const MINUTE_MS = 60_000

describe('the recorder of the history', () => {
  let clock: FakeClock
  let stored: Map<number, Sample>
  let storedAdvice: PastAdvice[]
  let latest: ProcessCounts | undefined
  let isAway: boolean
  let cleaned: number
  let reads: number
  let looks: number
  let observe: () => Promise<Observation>
  let log: ReturnType<typeof recordingLog>
  let recorder: Recorder

  const answer = async <T>(value: () => T): Promise<T> => {
    if (isAway) throw new Error('no connection')
    return value()
  }
  const index: HistoryIndex = {
    latest: () => answer(() => latest),
    write: ({ samples, advice, latest: counts }) =>
      answer(() => {
        for (const one of samples) if (!stored.has(one.minute)) stored.set(one.minute, one)
        storedAdvice.push(...advice)
        latest = counts ?? latest
      }),
    read: (fromMs) =>
      answer(() => {
        reads += 1
        return { samples: [...stored.values()].filter(({ atMs }) => atMs >= fromMs), advice: storedAdvice }
      }),
    clean: () =>
      answer(() => {
        cleaned += 1
      }),
  }
  const newRecorder = () => new Recorder({ observe: () => observe(), index, clock, log: log.log, random: () => 0 })
  const backlogs = async (of: Recorder) => (await of.timeline()).samples.map(({ backlogMessages }) => backlogMessages)

  beforeEach(() => {
    clock = new FakeClock()
    stored = new Map()
    storedAdvice = []
    latest = undefined
    isAway = false
    cleaned = 0
    reads = 0
    looks = 0
    observe = async () => {
      looks += 1
      return { ...observation(0, { queue: partitions(looks) }), atMs: clock.wallMs() }
    }
    log = recordingLog()
    recorder = newRecorder()
  })

  it('takes a sample at each minute, also when nobody looks, until it stops', async () => {
    recorder.start()
    clock.advance(MINUTE_MS)
    await until('the first sample', () => stored.size === 1)
    // The next timer is set in a later turn.
    await until('the second sample', () => {
      clock.advance(1000)
      return stored.size === 2
    })
    await recorder.stop()
    clock.advance(10 * MINUTE_MS)
    assert.equal(stored.size, 2)
  })

  it('observes once in a minute, however many APIs there are, and each shows the same', async () => {
    const other = newRecorder()
    for (let minute = 0; minute < 3; minute += 1) {
      await recorder.sample()
      await other.sample()
      clock.advance(MINUTE_MS)
    }
    assert.equal(looks, 3)
    assert.deepEqual(await backlogs(recorder), [1, 2, 3])
    assert.deepEqual(await other.timeline(), await recorder.timeline())
    assert.deepEqual(await newRecorder().timeline(), await recorder.timeline())
  })

  it('keeps samples of a day in memory while Elasticsearch is down, shows them, and writes them afterwards', async () => {
    isAway = true
    for (let minute = 0; minute < 1443; minute += 1) {
      await recorder.sample()
      clock.advance(MINUTE_MS)
    }
    const shown = await recorder.timeline()
    assert.deepEqual([shown.samples.length, shown.reason], [1440, 'no connection'])
    isAway = false
    await recorder.sample()
    assert.equal(stored.size, 1440)
    assert.equal((await recorder.timeline()).reason, undefined)
    const said = [
      'the history of the console waits in memory',
      'the history of the console is kept in Elasticsearch again',
    ]
    assert.deepEqual(
      log.lines.map(({ msg }) => msg),
      said,
    )
  })

  it('reads at most once in 20 s, and shows a sample once that is written meanwhile', async () => {
    await Promise.all([recorder.timeline(), recorder.timeline()])
    clock.advance(19_999)
    await recorder.timeline()
    assert.equal(reads, 1)
    isAway = true
    await recorder.sample()
    isAway = false
    stored.set(Math.floor(clock.wallMs() / MINUTE_MS), { ...([...stored.values()][0] as Sample), ...own(7) })
    clock.advance(1)
    assert.deepEqual(await backlogs(recorder), [7])
    assert.equal(reads, 2)
  })
  const own = (backlogMessages: number): Sample => ({
    minute: Math.floor(clock.wallMs() / MINUTE_MS),
    atMs: clock.wallMs(),
    ...{ acceptedPerSecond: 0, storedPerSecond: 0, starts: [], versions: [] },
    backlogMessages,
  })

  it('keeps past advice for every API, also while Elasticsearch is down', async () => {
    const line = (fromMs: number): PastAdvice => {
      return { code: 'pulsar_away', severity: 'act', title: 'Pulsar', where: 'pulsar', fromMs, untilMs: fromMs + 1 }
    }
    isAway = true
    recorder.keep([line(1), line(2)])
    await recorder.sample()
    isAway = false
    recorder.keep([line(3)])
    await recorder.sample()
    await recorder.sample()
    assert.deepEqual(storedAdvice, [line(1), line(2), line(3)])
    const other = newRecorder()
    // Nothing waits for the index.
    assert.deepEqual(other.pastAdvice(), [])
    await other.timeline()
    assert.deepEqual(other.pastAdvice(), [line(1), line(2), line(3)])
  })

  it('deletes what is old once an hour', async () => {
    while (new Date(clock.wallMs()).getUTCMinutes() !== 58) clock.advance(MINUTE_MS)
    for (const expected of [0, 0, 1, 1]) {
      await recorder.sample()
      assert.equal(cleaned, expected)
      clock.advance(MINUTE_MS)
    }
  })

  it('passes over a minute in which it can observe nothing', async () => {
    observe = async () => {
      throw new Error('no network')
    }
    await recorder.sample()
    assert.equal(stored.size, 0)
    assert.partialDeepStrictEqual(log.lines, [
      { msg: 'the console could not observe for its history', err: { message: 'no network' } },
    ])
  })

  it('spreads the APIs over 20 s of each minute', async () => {
    await recorder.stop()
    const random = new Recorder({ observe: () => observe(), index, clock, log: log.log })
    random.start()
    clock.advance(MINUTE_MS + 20_000)
    await until('a sample', () => stored.size === 1)
    await random.stop()
  })
})
