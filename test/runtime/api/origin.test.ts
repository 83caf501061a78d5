import assert from 'node:assert/strict'
import { originOf } from '../../../runtime/api/origin.ts'
import type { Source } from '../../../runtime/api/sources.ts'
import { buildApi, closeApis, eventsOf, fixedSources, goodCall, trackCall } from '../../support/api.ts'

function ipOf(ip: string, storedIp: Source['storedIp']): string | undefined {
  const source = fixedSources(['shop']).find('shop') ?? assert.fail()
  return originOf({ ip, headers: {} }, { ...source, storedIp }).ip
}

describe('the stored address of a client', () => {
  for (const [address, kept, truncated] of [
    ['192.0.2.17', '192.0.2.17', '192.0.2.0'],
    ['::ffff:192.0.2.17', '192.0.2.17', '192.0.2.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8::1', '2001:db8::1', '2001:db8:0::'],
    ['fe80::1%eth0', 'fe80::1', 'fe80:0:0::'],
    ['::1', '::1', '0:0:0::'],
    ['unknown', undefined, undefined],
    ['192.0.2.17:5678', undefined, undefined],
    ['', undefined, undefined],
  ] as const) {
    it(`of "${address}" is ${kept}, truncated ${truncated}, or dropped`, () => {
      assert.deepEqual(
        [ipOf(address, 'keep'), ipOf(address, 'truncate'), ipOf(address, 'drop')],
        [kept, truncated, undefined],
      )
    })
  }
})

describe('what is stored of the sender', () => {
  afterEach(closeApis)

  const HEADERS = { 'user-agent': 'A browser', 'accept-language': 'pl', cookie: 'a=b', authorization: 'Bearer x' }

  it('is nothing by default', async () => {
    const api = await buildApi()
    await api.server.inject(trackCall(goodCall(), HEADERS))
    const [event] = eventsOf(api.producer.messages)
    assert.deepEqual(
      [event?.['request'], (event?.['metadata'] as { ip?: string } | undefined)?.ip],
      [undefined, undefined],
    )
  })

  it('is the address and the headers that the source names, with each event, besides the request of the call', async () => {
    const api = await buildApi({}, fixedSources(['seen']))
    const call = goodCall({ source: { id: 'seen' }, request: { via: 'z', headers: { forged: 'x' } } })
    await api.server.inject({ ...trackCall(call, HEADERS), remoteAddress: '192.0.2.17' })
    await api.server.inject({
      ...trackCall({ a: 1 }, HEADERS),
      url: '/collect/t/seen',
      remoteAddress: '192.0.2.17',
    })
    const headers = { 'user-agent': 'A browser', 'accept-language': 'pl' }
    assert.deepEqual(
      eventsOf(api.producer.messages).map(({ metadata, request }) => [(metadata as { ip?: string }).ip, request]),
      [
        ['192.0.2.0', { via: 'z', headers }],
        ['192.0.2.0', { headers }],
      ],
    )
  })
})
