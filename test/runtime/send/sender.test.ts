import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Call } from '../../../runtime/send/generate.ts'
import { type SendOptions, sendCalls } from '../../../runtime/send/sender.ts'

interface Received {
  readonly url: string | undefined
  readonly body: string
  readonly atMs: number
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end(code === 200 ? '{}' : `answer ${code}`)
  }

function callsNamed(...names: string[]): Call[] {
  return names.map((name) => ({
    source: { id: 'shop' },
    events: [
      { id: name, type: 't' },
      { id: `${name}'`, type: 't' },
    ],
  }))
}

describe('sendCalls', () => {
  let server: Server
  let received: Received[]
  /** The answers to come, in their order; 200 after that. */
  let answers: Answer[]
  let options: SendOptions

  beforeEach(async () => {
    received = []
    answers = []
    server = createServer(async (request, response) => {
      const body = await text(request)
      received.push({ url: request.url, body, atMs: performance.now() })
      const answer = answers.shift() ?? status(200)
      answer(response, request)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    options = { url: `http://127.0.0.1:${port}`, concurrency: 1, eventsPerSecond: 0, retryForMs: 60_000 }
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('sends the secret of the source with each call, where it has one', async () => {
    const authorizations: (string | undefined)[] = []
    answers = Array(2).fill((response: ServerResponse, { headers }: IncomingMessage) => {
      authorizations.push(headers.authorization)
      response.end('{}')
    })
    await sendCalls(callsNamed('a'), { ...options, secret: 'the secret' })
    await sendCalls(callsNamed('b'), options)
    assert.deepEqual(authorizations, ['Bearer the secret', undefined])
  })

  it('posts each call to /track and counts its events', async () => {
    const accepted: string[] = []
    const report = await sendCalls(callsNamed('a', 'b'), options, (call) =>
      accepted.push(...call.events.map(({ id }) => id)),
    )
    assert.deepEqual(
      received.map(({ url }) => url),
      ['/track', '/track'],
    )
    assert.deepEqual(
      received.map(({ body }) => JSON.parse(body)),
      callsNamed('a', 'b'),
    )
    const { calls, accepted: count, failed, answers: tally, firstRefusal } = report
    assert.deepEqual(
      { calls, count, failed, tally, firstRefusal },
      {
        calls: 2,
        count: 4,
        failed: 0,
        tally: { 200: 2 },
        firstRefusal: undefined,
      },
    )
    assert.deepEqual(accepted, ['a', "a'", 'b', "b'"])
    assert.ok(report.latenciesMs.p50 <= report.latenciesMs.p99 && report.latenciesMs.p99 <= report.latenciesMs.max)
  })

  for (const [what, answer, key] of [
    ['429', status(429), '429'],
    ['503', status(503), '503'],
    ['500', status(500), '500'],
    ['no answer', (response: ServerResponse) => response.destroy(), 'error'],
  ] as const) {
    it(`sends the same bytes again after ${what}`, async () => {
      answers.push(answer)
      const report = await sendCalls(callsNamed('a'), options)
      assert.deepEqual(report.answers, { [key]: 1, 200: 1 })
      assert.equal(received.length, 2)
      assert.equal(received[0]?.body, received[1]?.body)
      assert.deepEqual([report.accepted, report.failed], [2, 0])
    })
  }

  it('waits as long as Retry-After says', async () => {
    answers.push(status(429, { 'retry-after': '1' }))
    await sendCalls(callsNamed('a'), options)
    const [first, second] = received
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 1000 - 1)
  })

  it('waits until the date that Retry-After names', async () => {
    const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 1000
    answers.push(status(503, { 'retry-after': new Date(untilMs).toUTCString() }))
    const report = await sendCalls(callsNamed('a'), options)
    assert.ok(Date.now() >= untilMs)
    assert.deepEqual(report.answers, { 200: 1, 503: 1 })
  })

  it('does not take the 200 of a network in between for an answer: it is not JSON', async () => {
    answers.push((response) => response.end('<html>Please log in</html>'))
    const report = await sendCalls(callsNamed('a'), options)
    assert.deepEqual([report.answers, report.accepted], [{ 200: 2 }, 2])
  })

  for (const code of [400, 401, 403, 413, 415, 422]) {
    it(`treats ${code} as a permanent refusal, keeps the first, and continues`, async () => {
      answers.push(status(code))
      const report = await sendCalls(callsNamed('a', 'b'), options)
      assert.deepEqual(report.answers, { [code]: 1, 200: 1 })
      assert.deepEqual([report.accepted, report.failed, report.firstRefusal], [2, 2, `${code}: answer ${code}`])
    })
  }

  it('gives up after its time', async () => {
    answers.push(status(503), status(503))
    const report = await sendCalls(callsNamed('a'), { ...options, retryForMs: 0 })
    assert.deepEqual([report.answers, report.failed, report.firstRefusal], [{ 503: 1 }, 2, '503: answer 503'])
  })

  it('has at most this many calls in flight, and reads no more from the input', async () => {
    let taken = 0
    let answered = 0
    let most = 0
    function* counted() {
      for (const call of callsNamed(...'abcdefghijkl')) {
        taken += 1
        yield call
      }
    }
    const slow: Answer = (response) => {
      most = Math.max(most, taken - answered)
      setTimeout(() => {
        answered += 1
        response.end('{}')
      }, 5)
    }
    answers.push(...Array(12).fill(slow))
    await sendCalls(counted(), { ...options, concurrency: 3 })
    assert.deepEqual([taken, answered, most], [12, 12, 3])
  })

  it('sends no faster than it is reported', async () => {
    await sendCalls(callsNamed('a', 'b', 'c'), { ...options, eventsPerSecond: 100 })
    const [first, , third] = received
    // Each call has two events, so the third is due 40 ms after the first.
    assert.ok((third?.atMs ?? 0) - (first?.atMs ?? 0) >= 40 - 15)
  })

  it('finishes what it began when the input breaks off, and reports that', async () => {
    const accepted: string[] = []
    answers.push(status(503))
    function* broken() {
      yield* callsNamed('a', 'b')
      throw new Error('line 3 is not JSON')
    }
    const sending = sendCalls(broken(), { ...options, concurrency: 5 }, (call) =>
      accepted.push(call.events[0]?.id ?? ''),
    )
    await assert.rejects(sending, { message: 'line 3 is not JSON' })
    assert.deepEqual(accepted.toSorted(), ['a', 'b'])
  })

  it('reports nothing of no calls', async () => {
    const { calls, accepted, failed, answers: tally, latenciesMs } = await sendCalls([], options)
    assert.deepEqual(
      { calls, accepted, failed, tally, latenciesMs },
      {
        calls: 0,
        accepted: 0,
        failed: 0,
        tally: {},
        latenciesMs: { p50: 0, p99: 0, max: 0 },
      },
    )
  })
})
