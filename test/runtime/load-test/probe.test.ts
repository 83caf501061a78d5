import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { added, probe } from '../../../runtime/load-test/probe.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import type { Position } from '../../../runtime/queue/position.ts'

const TOPIC = 'persistent://tracardi/events/events'
const FIRST_LEDGER = 7

/** A topic of two partitions, with the payloads of each. */
class Topic {
  readonly partitions = new Map<string, string[]>([
    [`${TOPIC}-partition-0`, ['older']],
    [`${TOPIC}-partition-1`, []],
  ])

  get admin(): PulsarAdmin {
    const payloads = (name: string) => this.partitions.get(name) ?? []
    return {
      partitions: async () => this.partitions.size,
      keptLedgers: async (name: string) => {
        const entries = payloads(name).length
        return { ledgers: [{ id: FIRST_LEDGER, entries }], last: { ledger: FIRST_LEDGER, entry: entries - 1 } }
      },
      entryAt: async (name: string, { entry }: Position) => payloads(name)[entry],
    } as unknown as PulsarAdmin
  }
}

describe('the probe of a load test', () => {
  let server: Server
  let target: string
  let topic: Topic
  let answer: { readonly status: number; readonly arrives: boolean }

  beforeEach(async () => {
    topic = new Topic()
    answer = { status: 200, arrives: true }
    server = createServer(async (request, response) => {
      const call = await json(request)
      const last = topic.partitions.get(`${TOPIC}-partition-1`)
      last?.push('of another visitor', ...(answer.arrives ? [JSON.stringify(call)] : []))
      response.writeHead(answer.status).end('{"detail":"no"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const run = () =>
    probe(topic.admin, { run: '0123456789', target, source: 'shop', topic: TOPIC, pulsarApi: 'http://pulsar:8080' })

  it('is an event of its own, found among others', async () => {
    await run()
    const [, payload = ''] = topic.partitions.get(`${TOPIC}-partition-1`) ?? []
    const { events, ...call } = JSON.parse(payload)
    assert.deepEqual(call, { source: { id: 'shop' }, options: { saveSession: false, saveProfile: false } })
    assert.deepEqual([events.length, events[0].properties], [1, { loadTest: '0123456789-probe' }])
  })

  it('refuses the load where the event is not in this Pulsar, although others arrive', async () => {
    answer = { status: 200, arrives: false }
    await assert.rejects(run(), {
      code: 'targets_differ',
      message: `${target} answered 200 to an event that did not arrive in the Pulsar at http://pulsar:8080 (${TOPIC}): they belong to different pipelines. No load was sent`,
    })
  })

  it('refuses the load where the event gets no 200', async () => {
    answer = { status: 422, arrives: false }
    await assert.rejects(run(), {
      code: 'api_refused',
      message: `${target} does not take the probe: 422 {"detail":"no"}`,
    })
  })
})

describe('the messages behind a position', () => {
  it('are those of its ledger and of later ones, up to the last that is confirmed', () => {
    const ledgers = [
      { id: 3, entries: 9 },
      { id: 5, entries: 3 },
      { id: 8, entries: 2 },
    ]
    assert.deepEqual(added({ ledger: 5, entry: 1 }, { ledgers, last: { ledger: 8, entry: 0 } }), [
      { ledger: 5, entry: 2 },
      { ledger: 8, entry: 0 },
    ])
    assert.deepEqual(added({ ledger: 5, entry: 2 }, { ledgers, last: { ledger: 5, entry: 2 } }), [])
  })
})
