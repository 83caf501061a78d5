import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { DueCall } from '../../../runtime/load-test/calls.ts'
import { drive, Meter } from '../../../runtime/load-test/drive.ts'
import type { Call } from '../../../runtime/send/generate.ts'

/** Calls of two events, one every `everyMs`. */
function callsOf(count: number, everyMs: number): DueCall[] {
  return Array.from({ length: count }, (_, index) => ({
    dueMs: index * everyMs,
    phase: 'plateau',
    firstNumber: index * 2,
    events: 2,
    make: (): Call => ({
      source: { id: 'shop' },
      events: [
        { id: `${index}a`, type: 't' },
        { id: `${index}b`, type: 't' },
      ],
    }),
  }))
}

describe('the load', () => {
  let server: Server
  let statuses: number[]
  let bodies: string[]
  let open: number
  let mostOpen: number
  /** Held back until then. */
  let answer: Promise<void>
  let meter: Meter
  const options = () => ({
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 50,
    maxUnderWay: 100,
    retryForMs: 0,
  })
  const running = new AbortController().signal

  beforeEach(async () => {
    statuses = []
    bodies = []
    open = 0
    mostOpen = 0
    answer = Promise.resolve()
    meter = new Meter()
    server = createServer(async (request, response) => {
      bodies.push(await text(request))
      open += 1
      mostOpen = Math.max(mostOpen, open)
      await answer
      open -= 1
      const status = statuses.shift() ?? 200
      response.writeHead(status).end(status === 200 ? '{}' : 'busy')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('counts what was accepted, and what an event has on the wire', async () => {
    await drive(callsOf(3, 0), options(), meter, running)
    const { latencyMs, ...total } = meter.total()
    assert.deepEqual(total, {
      calls: 3,
      events: 6,
      accepted: 6,
      failed: 0,
      answers: { 200: 3 },
      // {"id":"0a","type":"t"}
      eventBytes: 22,
      firstRefusal: undefined,
    })
    assert.ok(latencyMs)
    assert.deepEqual([...meter.accepted], [0, 1, 2, 3, 4, 5])
    assert.equal(bodies.length, 3)
  })

  it('continues while nothing is answered, and counts the wait from when a call was due', async () => {
    let release = () => {}
    answer = new Promise((resolve) => {
      release = resolve
    })
    const driving = drive(callsOf(20, 10), options(), meter, running)
    const givenUp = Date.now() + 10_000
    while (open < 20 && Date.now() < givenUp) await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    await driving
    assert.equal(mostOpen, 20)
    // The first was due 190 ms before the last could be sent.
    assert.ok((meter.total().latencyMs?.max ?? 0) >= 190)
  })

  it('holds no more calls than it may, and counts the ones after them from when they were due', async () => {
    let release = () => {}
    answer = new Promise((resolve) => {
      release = resolve
    })
    const driving = drive(callsOf(6, 0), { ...options(), maxUnderWay: 2 }, meter, running)
    setTimeout(release, 150)
    await driving
    assert.equal(mostOpen, 2)
    assert.ok(meter.lately().lateMs >= 100)
  })

  it('gives up what is refused permanently, and does not count it as accepted', async () => {
    statuses = [422, 200]
    await drive(callsOf(2, 20), options(), meter, running)
    const { accepted, failed, answers, firstRefusal } = meter.total()
    assert.deepEqual(
      { accepted, failed, answers, firstRefusal },
      {
        accepted: 2,
        failed: 2,
        answers: { 200: 1, 422: 1 },
        firstRefusal: '422: busy',
      },
    )
    assert.deepEqual([...meter.accepted], [2, 3])
  })

  it('ends early when it is asked to, and reports what was sent', async () => {
    const stopping = new AbortController()
    setTimeout(() => stopping.abort(), 30)
    await drive(callsOf(1000, 20), options(), meter, stopping.signal)
    const { calls, accepted } = meter.total()
    assert.ok(calls < 20)
    assert.equal(accepted, calls * 2)
  })

  it('is metered again for each sample', async () => {
    await drive(callsOf(2, 0), options(), meter, running)
    const { sent, accepted, failed, underWay } = meter.lately()
    assert.deepEqual({ sent, accepted, failed, underWay }, { sent: 4, accepted: 4, failed: 0, underWay: 0 })
    assert.deepEqual(meter.lately(), { sent: 0, accepted: 0, failed: 0, underWay: 0, lateMs: 0, latencyMs: undefined })
  })
})
