import assert from 'node:assert/strict'
import type { LiveEvent, LiveEventsAnswer, RefusalsAnswer } from '../../../runtime/api/live-answers.ts'
import type { OperatorApi } from '../../../runtime/commands/operator.ts'
import { type TailFlags, tail } from '../../../runtime/commands/tail.ts'
import { AppError } from '../../../runtime/errors.ts'

const EVENT: LiveEvent = {
  ...{ key: 'w.1', receivedAt: '2026-11-22T10:00:00.000Z', source: 'shop', session: 's1', profile: 'p1' },
  ...{ type: 'page-view', id: 'a', time: '2026-11-22T10:00:00.000Z', characters: 420, isStored: true },
}
const REFUSAL: RefusalsAnswer['refusals'][number] = {
  ...{ number: 1, status: 401, reason: 'Access denied', source: 'shop', origin: 'https://shop.example.com' },
  ...{ route: '/track', client: '10.0.0.1', count: 3 },
  ...{ firstAt: '2026-11-22T09:00:00.000Z', lastAt: '2026-11-22T10:00:01.000Z' },
}

const page = (events: readonly LiveEvent[] = [], more: Partial<LiveEventsAnswer> = {}): LiveEventsAnswer => ({
  ...{ isOn: true, process: 'host:1', cursor: 'c', isRestarted: false, seen: events.length },
  ...{ sampledOut: 0, overwritten: 0, events: [...events], ...more },
})
const refused = (...refusals: RefusalsAnswer['refusals']): RefusalsAnswer => ({
  ...{ showsEvents: true, process: 'host:1', cursor: 'r', isRestarted: false, total: refusals.length, refusals },
})

type Round = readonly [LiveEventsAnswer | Error, RefusalsAnswer]

/** What is printed and noted while an API answers these one after another; the first is the beginning. */
async function tailed(rounds: readonly Round[], flags: TailFlags = {}) {
  const [lines, notes, asked]: string[][] = [[], [], []]
  let round = 0
  const api: OperatorApi = {
    url: 'http://api:8686',
    get: async (path) => {
      asked?.push(path)
      const [events, refusals] = rounds[round] ?? [page(), refused()]
      if (path.startsWith('/console/refusals')) return refusals
      if (events instanceof Error) throw events
      return events
    },
  }
  await tail([api], flags, {
    print: (line) => lines?.push(line),
    note: (text) => notes?.push(text),
    pause: async (ms) => {
      assert.equal(ms, 500)
      round += 1
    },
    isEnding: () => round >= rounds.length,
  })
  return { lines, notes, asked }
}

describe('tail', () => {
  it('prints events and refused calls in their order', async () => {
    const { lines, notes } = await tailed([
      [page(), refused({ ...REFUSAL, count: 2 })],
      [
        page([EVENT, { ...EVENT, receivedAt: '2026-11-22T10:00:02.000Z', session: null, id: '', isStored: false }]),
        refused(REFUSAL, { ...REFUSAL, number: 2, status: 0, source: '', origin: '', reason: 'bad_http' }),
      ],
    ])
    assert.deepEqual(lines, [
      '2026-11-22T10:00:00.000Z  shop  page-view  s1  a  420 B',
      '2026-11-22T10:00:01.000Z  REFUSED 401  shop  https://shop.example.com  /track  10.0.0.1  Access denied',
      '2026-11-22T10:00:01.000Z  REFUSED before any route  no source  no origin  /track  10.0.0.1  bad_http  (3 calls)',
      '2026-11-22T10:00:02.000Z  shop  page-view  no session  no id  420 B  not to be stored',
    ])
    assert.deepEqual(notes, ['Shows the events that arrive at http://api:8686 (host:1). Ctrl-C ends it.'])
  })

  it('prints payloads, and nothing that a terminal would obey', async () => {
    const payload = '{"a":"\u001b[31m"}'
    const { lines, asked } = await tailed(
      [
        [page(), refused()],
        [
          page([
            { ...EVENT, type: 'a\nb', payload, isCut: false },
            { ...EVENT, payload: '{"a', isCut: true },
          ]),
          refused(),
        ],
      ],
      { payload: true, source: 'my shop' },
    )
    assert.deepEqual(lines, [
      '2026-11-22T10:00:00.000Z  shop  a\ufffdb  s1  a  420 B\n  {"a":"\ufffd[31m"}',
      '2026-11-22T10:00:00.000Z  shop  page-view  s1  a  420 B\n  {"a … (cut)',
    ])
    assert.equal(asked?.[0], '/console/events?source=my+shop&payload=true')
    assert.equal(asked?.[2], '/console/events?after=c&source=my+shop&payload=true')
  })

  it('prints JSON, in which a document keeps its numbers', async () => {
    const { lines } = await tailed(
      [
        [page(), refused()],
        [
          page([EVENT, { ...EVENT, payload: '{"n":1e400}', isCut: false }, { ...EVENT, payload: '{"n', isCut: true }]),
          refused(REFUSAL),
        ],
      ],
      { json: true },
    )
    const head = JSON.stringify({ kind: 'event', ...EVENT })
    assert.deepEqual(lines, [
      head,
      `${head.slice(0, -1)},"payload":{"n":1e400},"isCut":false}`,
      `${head.slice(0, -1)},"payload":"{\\"n","isCut":true}`,
      JSON.stringify({ kind: 'refused', ...REFUSAL, calls: 3 }),
    ])
  })

  it('leaves refused calls out that the filter cannot mean', async () => {
    for (const [flags, count] of [
      [{ source: 'shop' }, 1],
      [{ source: 'other' }, 0],
      [{ session: 's1' }, 0],
      [{ type: 't' }, 0],
    ] as const) {
      const { lines } = await tailed(
        [
          [page(), refused()],
          [page(), refused(REFUSAL)],
        ],
        flags,
      )
      assert.equal(lines?.length, count)
    }
  })

  it('says how much it omits, every 5 s and at the end', async () => {
    const few: Round = [page([EVENT], { seen: 40, sampledOut: 39 }), refused()]
    const { notes } = await tailed([
      [page(), refused()],
      ...Array<Round>(10).fill(few),
      [page([], { seen: 3 }), refused()],
    ])
    assert.deepEqual(notes?.slice(1), [
      '1 of 40 shown: 400 events arrived within 5 s, 10 are above. A filter shows more of them.',
      'None shown: 3 events arrived within 5 s, 0 are above. A filter shows more of them.',
    ])
  })

  it('continues while the API is down, and says so once', async () => {
    const away: Round = [new AppError('command_invalid', 'the API does not answer'), refused()]
    const { lines, notes } = await tailed([
      [page(), refused(REFUSAL)],
      away,
      away,
      [page([EVENT], { isRestarted: true }), { ...refused({ ...REFUSAL, count: 1 }), isRestarted: true }],
    ])
    assert.deepEqual(notes?.slice(1), [
      'the API does not answer. Asking again …',
      'http://api:8686 answers again.',
      'http://api:8686 was restarted: events that arrived meanwhile are not shown.',
    ])
    assert.equal(lines?.length, 2)
    assert.equal(lines?.[1]?.includes('calls)'), false)
  })

  it('refuses to begin where events are off, or nothing answers', async () => {
    await assert.rejects(tailed([[page([], { isOn: false }), refused()]]), {
      code: 'command_invalid',
      message:
        'http://api:8686 shows no events, because API_LIVE_EVENTS is off there; set it to "on" and restart the API',
    })
    await assert.rejects(tailed([[new Error('no answer'), refused()]]), { message: 'no answer' })
  })
})
