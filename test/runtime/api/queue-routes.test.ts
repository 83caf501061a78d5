import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { addQueueRoutes } from '../../../runtime/api/queue-routes.ts'
import { AppError } from '../../../runtime/errors.ts'
import type { PulsarAdmin, TopicStats } from '../../../runtime/queue/admin.ts'
import { privateServer } from '../../support/private.ts'

const TOPIC = 'persistent://tracardi/system/functions'
const SUBSCRIPTION = 'tracardi-function-subscription'

function statsOf(msgBacklog: number, rates = { in: 0, out: 0 }): TopicStats {
  const subscription = {
    msgBacklog,
    backlogSize: msgBacklog * 1000,
    msgRateOut: rates.out,
    earliestMsgPublishTimeInBacklog: 0,
  }
  return { msgRateIn: rates.in, msgInCounter: 99, subscriptions: { [SUBSCRIPTION]: subscription } }
}

describe('GET /queue/{namespace}/{topic}/backlog', () => {
  let server: FastifyInstance
  let get: Awaited<ReturnType<typeof privateServer>>['get']
  let stats: () => Record<string, TopicStats>
  let asked: unknown[]
  let peeked: Record<string, string>
  let logged: readonly Record<string, unknown>[]

  beforeEach(async () => {
    asked = []
    peeked = { n: '7' }
    const admin = {
      stats: async (topic: string, detailed: boolean) => {
        asked.push([topic, detailed])
        return stats()
      },
      peekProperties: async () => peeked,
    } as unknown as PulsarAdmin
    const built = await privateServer((operators) => addQueueRoutes(operators, admin, 'tracardi'))
    server = built.server
    get = built.get
    logged = built.logged
  })
  afterEach(() => server.close())

  it('answers the total and every partition with its subscription, as Tracardi does', async () => {
    stats = () => ({
      [`${TOPIC}-partition-10`]: statsOf(2),
      [`${TOPIC}-partition-0`]: statsOf(0),
      [`${TOPIC}-partition-2`]: statsOf(5),
    })
    const answer = await get('/queue/system/functions/backlog')
    assert.equal(answer.statusCode, 200)
    assert.deepEqual(answer.json(), {
      total: 7,
      backlog: [
        { partition: `${TOPIC}-partition-0`, subscription: SUBSCRIPTION, count: 0 },
        { partition: `${TOPIC}-partition-2`, subscription: SUBSCRIPTION, count: 5 },
        { partition: `${TOPIC}-partition-10`, subscription: SUBSCRIPTION, count: 2 },
      ],
    })
    assert.deepEqual(asked, [[TOPIC, false]])
  })

  it('reports with ?detail=true what an operator needs', async () => {
    stats = () => ({
      [`${TOPIC}-partition-0`]: statsOf(2, { in: 1, out: 3 }),
      [`${TOPIC}-partition-1`]: statsOf(1, { in: 1, out: 1 }),
    })
    const answer = await get('/queue/system/functions/backlog?detail=true')
    const base = { subscription: SUBSCRIPTION, eventsExact: true, oldestAgeSeconds: 0, messagesInPerSecond: 1 }
    assert.deepEqual(answer.json(), {
      total: 3,
      events: 21,
      eventsExact: true,
      bytes: 3000,
      oldestAgeSeconds: 0,
      messagesInPerSecond: 2,
      messagesOutPerSecond: 4,
      secondsToDrain: 1.5,
      backlog: [
        {
          ...base,
          partition: `${TOPIC}-partition-0`,
          count: 2,
          events: 14,
          bytes: 2000,
          messagesOutPerSecond: 3,
          secondsToDrain: 1,
        },
        {
          ...base,
          partition: `${TOPIC}-partition-1`,
          count: 1,
          events: 7,
          bytes: 1000,
          messagesOutPerSecond: 1,
          secondsToDrain: null,
        },
      ],
    })
    assert.deepEqual(asked, [[TOPIC, true]])
  })

  it('reports nothing more with ?detail=false', async () => {
    stats = () => ({ [TOPIC]: statsOf(1) })
    const answer = await get('/queue/system/functions/backlog?detail=false')
    assert.deepEqual(answer.json(), { total: 1, backlog: [{ partition: TOPIC, subscription: SUBSCRIPTION, count: 1 }] })
  })

  for (const n of ['NaN', '-3', '1e400', '']) {
    it(`counts a message that says it has "${n}" events as one`, async () => {
      stats = () => ({ [TOPIC]: statsOf(2) })
      peeked = { n }
      const answer = await get('/queue/system/functions/backlog?detail=true')
      const { events, eventsExact } = answer.json()
      assert.deepEqual([answer.statusCode, events, eventsExact], [200, 2, false])
    })
  }

  it('asks for the token', async () => {
    assert.equal((await server.inject('/queue/system/functions/backlog')).statusCode, 401)
    assert.deepEqual(asked, [])
  })

  it('answers 404 for a topic that does not exist', async () => {
    stats = () => ({})
    const answer = await get('/queue/system/nothing/backlog')
    assert.deepEqual(
      [answer.statusCode, answer.json()],
      [404, { detail: 'there is no topic persistent://tracardi/system/nothing' }],
    )
  })

  it('answers 502 with the reason when Pulsar does not answer', async () => {
    stats = () => {
      throw new AppError('queue_admin', 'Pulsar does not answer at http://broker:8080', {
        cause: new Error('connect ECONNREFUSED'),
      })
    }
    const answer = await get('/queue/system/functions/backlog')
    const detail = 'Pulsar does not answer at http://broker:8080: connect ECONNREFUSED'
    assert.deepEqual([answer.statusCode, answer.json()], [502, { detail }])
  })

  it('answers 500 and logs what nobody foresaw', async () => {
    stats = () => {
      throw new TypeError('stats are odd')
    }
    const answer = await get('/queue/system/functions/backlog')
    assert.deepEqual([answer.statusCode, answer.json()], [500, { detail: 'stats are odd' }])
    assert.deepEqual(
      logged.map(({ msg }) => msg),
      ['request failed'],
    )
  })

  for (const [path, detail] of [
    ['/queue/system/functions/backlog?detail=perhaps', 'querystring/detail must be boolean'],
    ['/queue/system/..%2F..%2Fbrokers/backlog', 'params/topic must match pattern "^(?!\\.{1,2}$)[-=:.\\w]+$"'],
    ['/queue/..%2Fpublic/functions/backlog', 'params/namespace must match pattern "^(?!\\.{1,2}$)[-=:.\\w]+$"'],
  ] as const) {
    it(`refuses ${path}, and asks Pulsar nothing`, async () => {
      const answer = await get(path)
      assert.deepEqual([answer.statusCode, answer.json(), asked], [422, { detail }, []])
    })
  }
})
