import assert from 'node:assert/strict'
import type { LiveEventsAnswer, RefusalsAnswer } from '../../../runtime/api/live-answers.ts'
import { addLiveRoutes } from '../../../runtime/api/live-routes.ts'
import { AppError } from '../../../runtime/errors.ts'
import { type Api, buildApi, closeApis, goodCall, trackCall } from '../../support/api.ts'
import { privateServer } from '../../support/private.ts'

/** An API, and what an operator sees of it. */
async function looking(isOn = true) {
  const api = await buildApi({ apiLiveEvents: isOn }, undefined)
  const { server, get } = await privateServer((operators) => addLiveRoutes(operators, api.live, api.refusals))
  closing.push(() => server.close())
  const events = async (query = ''): Promise<LiveEventsAnswer> => (await get(`/console/events?${query}`)).json()
  const refusals = async (query = ''): Promise<RefusalsAnswer> => (await get(`/console/refusals?${query}`)).json()
  return { api, get, events, refusals }
}

const closing: (() => Promise<void>)[] = []

async function sent(api: Api, ...bodies: readonly unknown[]): Promise<readonly number[]> {
  const statuses: number[] = []
  for (const body of bodies) statuses.push((await api.server.inject(trackCall(body))).statusCode)
  return statuses
}

describe('what operators see of the calls', () => {
  afterEach(async () => {
    await closeApis()
    await Promise.all(closing.splice(0).map((close) => close()))
  })

  it('is each event that was answered 200, with its document when that is asked for', async () => {
    const { api, events, get } = await looking()
    const { cursor } = await events()
    const call = goodCall({ events: [{ id: 'a', type: 'Page View', properties: { price: 1, big: 0 } }] })
    const text = JSON.stringify(call).replace('"big":0', '"big":12345678901234567890')
    assert.deepEqual(await sent(api, text), [200])
    const { process, ...answer } = await events(`after=${cursor}`)
    assert.match(process, /:\d+$/)
    const [event] = answer.events
    assert.partialDeepStrictEqual(answer, { isOn: true, isRestarted: false, seen: 1, sampledOut: 0, overwritten: 0 })
    const { key = '', receivedAt, time, characters, ...facts } = event as NonNullable<typeof event>
    assert.deepEqual(facts, {
      ...{ source: 'shop', session: 'session-1', profile: 'profile-1', type: 'page-view', id: 'a', isStored: true },
    })
    assert.ok(Math.abs(Date.parse(receivedAt) - Date.parse(time)) < 5000)
    assert.equal(characters > 200, true)

    const document = await get(`/console/events/payload?key=${key}`)
    assert.match(document.json().payload, /^\{"id":"a",.*"properties":\{"price":1,"big":12345678901234567890\}\}$/)
    const [whole] = (await events(`after=${cursor}&payload=true`)).events
    assert.deepEqual({ payload: whole?.payload, isCut: whole?.isCut }, document.json())
    const gone = await get('/console/events/payload?key=x.1')
    assert.deepEqual([gone.statusCode, gone.json()], [404, { detail: 'The event has left the sample' }])
  })

  it('includes events that are not to be stored, and not those that are refused', async () => {
    const { api, events } = await looking()
    const { cursor } = await events()
    const properties = { text: 'é', list: [1, { a: null }] }
    const unstored = { id: 'b', type: 'Test', options: { saveEvent: false }, properties }
    assert.deepEqual(
      await sent(
        api,
        goodCall({ events: [{ id: 'a', type: 't' }, unstored] }),
        goodCall({ events: [{ type: 'no id' }], options: { saveEvents: false } }),
        goodCall({ source: { id: 'nobody' } }),
      ),
      [200, 200, 401],
    )
    api.producer.failures.push(new AppError('queue_unavailable', 'no receipt'))
    assert.deepEqual(await sent(api, goodCall()), [503])
    const seen = (await events(`after=${cursor}&payload=true`)).events
    assert.deepEqual(
      seen.map(({ id, type, isStored }) => [id, type, isStored]),
      [
        ['a', 't', true],
        ['b', 'test', false],
        ['', 'no-id', false],
      ],
    )
    assert.deepEqual(JSON.parse(seen[1]?.payload ?? '').properties, properties)
  })

  it('is filtered by the API, in the form in which types are stored', async () => {
    const { api, events } = await looking()
    const queries = ['type=Page%20View', 'source=other', 'session=session-1']
    const cursors = await Promise.all(queries.map(async (query) => (await events(query)).cursor))
    await sent(api, goodCall({ events: [{ type: 'page view' }, { type: 'search' }] }))
    const seen = await Promise.all(
      queries.map(async (query, index) => (await events(`${query}&after=${cursors[index]}`)).events.length),
    )
    assert.deepEqual(seen, [1, 0, 2])
  })

  it('includes the events of a call that takes several messages', async () => {
    const { api, events } = await looking()
    const { cursor } = await events()
    await sent(api, goodCall({ events: Array.from({ length: 150 }, (_, index) => ({ id: `e${index}`, type: 't' })) }))
    assert.equal((await events(`after=${cursor}`)).events.length, 150)
    await sent(api, goodCall({ events: [] }))
    assert.equal((await events(`after=${cursor}`)).seen, 150)
  })

  it('is nothing while live events are off', async () => {
    const { api, events } = await looking(false)
    await events()
    await sent(api, goodCall())
    assert.partialDeepStrictEqual(await events(), { isOn: false, cursor: '', seen: 0, events: [] })
  })

  it('is refused to a ninth filter', async () => {
    const { get } = await looking()
    const statuses = []
    for (let one = 0; one < 9; one += 1) statuses.push((await get(`/console/events?source=s${one}`)).statusCode)
    assert.deepEqual(statuses, [...Array(8).fill(200), 409])
  })

  it('is why calls are refused, whether or not live events are on', async () => {
    const { api, refusals } = await looking(false)
    const bad = goodCall({ events: [{ id: 5 }, {}] })
    assert.deepEqual(await sent(api, bad, goodCall({ source: { id: 'nobody' } })), [422, 401])
    const page = { origin: 'https://evil.example.com' }
    await api.server.inject(trackCall(goodCall(), page))
    await api.server.inject({ url: '/nowhere' })
    const { total, refusals: groups } = await refusals()
    assert.equal(total, 4)
    assert.deepEqual(
      groups.map(({ status, reason, source, origin, route, count }) => [status, reason, source, origin, route, count]),
      [
        [404, 'There is no GET /nowhere here', '', '', 'none', 1],
        [
          403,
          'Access denied. Origin "https://evil.example.com" is not allowed for event source "shop".',
          ...['shop', page.origin, '/track', 1],
        ],
        [
          401,
          'Access denied. Event source "nobody" is unknown or disabled, or its secret is missing or wrong.',
          ...['nobody', '', '/track', 1],
        ],
        [422, 'body.events.0.type: Field required (and 2 more)', 'shop', '', '/track', 1],
      ],
    )
    assert.match(groups[0]?.lastAt ?? '', /^\d{4}-.*Z$/)
  })
})
