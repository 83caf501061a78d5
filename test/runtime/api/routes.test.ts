import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { profileOfSession } from '../../../runtime/api/subject.ts'
import { type Api, buildApi, closeApis, eventsOf, goodCall, linesOf, trackCall } from '../../support/api.ts'

const EVENT = { id: 'event-1', type: 'page-view' }

/** What each is answered, listed in full: these answers are the contract. */
const BAD_CALLS: readonly [what: string, body: unknown, detail: unknown][] = [
  ['null', null, [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]],
  ['a list', [], [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]],
  ['a text', '"call"', [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]],
  ['a number without end', '1e400', [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]],
  ['no source', { events: [EVENT] }, [{ loc: ['body', 'source'], msg: 'Field required', type: 'missing' }]],
  [
    'a source without id',
    goodCall({ source: {} }),
    [{ loc: ['body', 'source', 'id'], msg: 'Field required', type: 'missing' }],
  ],
  [
    'a null source',
    goodCall({ source: null }),
    [{ loc: ['body', 'source'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
  ],
  [
    'a blank source',
    goodCall({ source: { id: ' ' } }),
    [{ loc: ['body', 'source', 'id'], msg: 'String should not be empty', type: 'string_too_short' }],
  ],
  [
    'an event without type',
    goodCall({ events: [{ id: 'a' }] }),
    [{ loc: ['body', 'events', 0, 'type'], msg: 'Field required', type: 'missing' }],
  ],
  [
    'an empty type',
    goodCall({ events: [{ type: '' }] }),
    [{ loc: ['body', 'events', 0, 'type'], msg: 'String should not be empty', type: 'string_too_short' }],
  ],
  [
    'a blank type',
    goodCall({ events: [{ type: ' \t' }] }),
    [{ loc: ['body', 'events', 0, 'type'], msg: 'String should not be empty', type: 'string_too_short' }],
  ],
  [
    'an event that is none',
    goodCall({ events: [EVENT, 5] }),
    [{ loc: ['body', 'events', 1], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
  ],
  [
    'events that are not a list',
    goodCall({ events: {} }),
    [{ loc: ['body', 'events'], msg: 'Input should be a valid list', type: 'list_type' }],
  ],
  [
    'an id of 501 characters',
    goodCall({ events: [{ type: 't', id: 'x'.repeat(501) }] }),
    [{ loc: ['body', 'events', 0, 'id'], msg: 'String should have at most 500 characters', type: 'string_too_long' }],
  ],
  [
    'an id of 502 bytes',
    goodCall({ events: [{ type: 't', id: 'ü'.repeat(251) }] }),
    [{ loc: ['body', 'events', 0, 'id'], msg: 'String should have at most 500 bytes', type: 'string_too_long' }],
  ],
  [
    'a number as id',
    goodCall({ events: [{ type: 't', id: 5 }] }),
    [{ loc: ['body', 'events', 0, 'id'], msg: 'Input should be a valid string', type: 'string_type' }],
  ],
  [
    'an id with a control character',
    goodCall({ events: [{ type: 't', id: 'a\u0001b' }] }),
    [
      {
        loc: ['body', 'events', 0, 'id'],
        msg: 'Control characters and lone surrogates are not allowed',
        type: 'string_characters',
      },
    ],
  ],
  [
    'an id with a lone surrogate',
    '{"source":{"id":"shop"},"events":[{"type":"t","id":"a\\udc00"}]}',
    [
      {
        loc: ['body', 'events', 0, 'id'],
        msg: 'Control characters and lone surrogates are not allowed',
        type: 'string_characters',
      },
    ],
  ],
  [
    'an id that exists twice',
    goodCall({ events: [EVENT, EVENT] }),
    [
      {
        loc: ['body', 'events', 1, 'id'],
        msg: 'Event id is the same as that of event 0; each event needs an id of its own',
        type: 'duplicate_id',
      },
    ],
  ],
  [
    'a time that is none',
    goodCall({ events: [{ type: 't', time: { insert: 'yesterday' } }] }),
    [
      {
        loc: ['body', 'events', 0, 'time', 'insert'],
        msg: 'Input should be a date and time between the years 1 and 9999, in ISO 8601, or seconds or milliseconds since 1970',
        type: 'datetime_parsing',
      },
    ],
  ],
  [
    'ids and times of an import that are none',
    goodCall({
      profile: { ids: ['a\u0001b'], metadata: { time: { insert: 'soon' } } },
      session: { metadata: { time: { create: 'later' } } },
    }),
    [
      {
        loc: ['body', 'profile', 'ids', 0],
        msg: 'Control characters and lone surrogates are not allowed',
        type: 'string_characters',
      },
      ...[
        ['session', 'create'],
        ['profile', 'insert'],
      ].map(([place, key]) => ({
        loc: ['body', place, 'metadata', 'time', key],
        msg: 'Input should be a date and time between the years 1 and 9999, in ISO 8601, or seconds or milliseconds since 1970',
        type: 'datetime_parsing',
      })),
    ],
  ],
  [
    'a tag that is not text',
    goodCall({ events: [{ type: 't', tags: ['a', null] }] }),
    [{ loc: ['body', 'events', 0, 'tags', 1], msg: 'Input should be a valid string', type: 'string_type' }],
  ],
  [
    '101 tags',
    goodCall({ events: [{ type: 't', tags: Array(101).fill(5) }] }),
    [{ loc: ['body', 'events', 0, 'tags'], msg: 'List should have at most 100 items', type: 'too_long' }],
  ],
  [
    '1,001 events',
    goodCall({ events: Array(1001).fill({ type: 't' }) }),
    [{ loc: ['body', 'events'], msg: 'List should have at most 1000 items', type: 'too_long' }],
  ],
  [
    '30,000 events that are none',
    `{"source":{"id":"shop"},"events":[${'1,'.repeat(30_000)}1]}`,
    [{ loc: ['body', 'events'], msg: 'List should have at most 1000 items', type: 'too_long' }],
  ],
  [
    'properties 21 levels deep',
    `{"source":{"id":"shop"},"events":[{"type":"t","properties":${'{"a":'.repeat(20)}{}${'}'.repeat(20)}}]}`,
    [
      {
        loc: ['body', 'events', 0, 'properties'],
        msg: 'Data cannot be stored: it is nested deeper than 20 levels',
        type: 'data_structure',
      },
    ],
  ],
  [
    'a list 65 levels deep, where nothing reads it',
    `{"source":{"id":"shop"},"ignored":${'['.repeat(64)}${']'.repeat(64)}}`,
    [{ loc: ['body'], msg: 'The body is nested deeper than 64 levels', type: 'too_deep' }],
  ],
  [
    'a key with U+0000',
    goodCall({ context: { 'a\u0000b': 1 } }),
    [
      {
        loc: ['body', 'context'],
        msg: 'Data cannot be stored: a key contains the character U+0000',
        type: 'data_structure',
      },
    ],
  ],
  [
    'properties that are a long number',
    '{"source":{"id":"shop"},"events":[{"type":"t","properties":12345678901234567890}]}',
    [{ loc: ['body', 'events', 0, 'properties'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
  ],
]

describe('a bad call to /track', () => {
  let api: Api
  before(async () => {
    api = await buildApi()
  })
  after(closeApis)

  for (const [what, body, detail] of BAD_CALLS) {
    it(`is refused for ${what}`, async () => {
      const answer = await api.server.inject(trackCall(body))
      assert.deepEqual([answer.statusCode, answer.json()], [422, { detail }])
      assert.equal(api.producer.messages.length, 0)
      assert.equal(api.budget.used, 0)
    })
  }
})

describe('POST /track', () => {
  let api: Api
  beforeEach(async () => {
    api = await buildApi()
  })
  afterEach(closeApis)

  it('lists all faults together', async () => {
    const body = {
      source: { id: 7 },
      session: 'mine',
      profile: { id: [] },
      context: 'x',
      options: [],
      events: [{ type: 5, time: { create: true }, properties: [] }, { tags: 'a' }],
    }
    const answer = await api.server.inject(trackCall(body))
    assert.equal(answer.statusCode, 422)
    assert.deepEqual(answer.json().detail, [
      { loc: ['body', 'source', 'id'], msg: 'Input should be a valid string', type: 'string_type' },
      { loc: ['body', 'session'], msg: 'Input should be a valid dictionary', type: 'dict_type' },
      { loc: ['body', 'profile', 'id'], msg: 'Input should be a valid string', type: 'string_type' },
      { loc: ['body', 'context'], msg: 'Input should be a valid dictionary', type: 'dict_type' },
      { loc: ['body', 'options'], msg: 'Input should be a valid dictionary', type: 'dict_type' },
      { loc: ['body', 'events', 0, 'type'], msg: 'Input should be a valid string', type: 'string_type' },
      { loc: ['body', 'events', 0, 'time', 'create'], msg: 'Input should be a valid string', type: 'string_type' },
      { loc: ['body', 'events', 0, 'properties'], msg: 'Input should be a valid dictionary', type: 'dict_type' },
      { loc: ['body', 'events', 1, 'type'], msg: 'Field required', type: 'missing' },
      { loc: ['body', 'events', 1, 'tags'], msg: 'Input should be a valid list', type: 'list_type' },
    ])
  })

  it('lists 100 faults at most, of schema and of meaning, and says that there are others', async () => {
    for (const events of [Array(250).fill({}), Array(251).fill({ type: 't', id: 'same' })]) {
      const { detail } = (await api.server.inject(trackCall(goodCall({ events })))).json()
      assert.equal(detail.length, 101)
      assert.equal(detail[100].type, 'too_many_faults')
    }
  })

  it('refuses a body of too many values before it parses it', async () => {
    for (const values of ['1,'.repeat(100_000), '{},'.repeat(60_000), '[[]],'.repeat(40_000)]) {
      const answer = await api.server.inject(trackCall(`{"source":{"id":"shop"},"ignored":[${values}this is not JSON`))
      assert.equal(answer.statusCode, 413)
    }
  })

  it('publishes nothing of a call in which one event of many is bad', async () => {
    const events = [...Array(99).fill({ type: 't' }), { type: '' }]
    assert.equal((await api.server.inject(trackCall(goodCall({ events })))).statusCode, 422)
    assert.equal(api.producer.messages.length, 0)
  })

  it('refuses one event that no message can carry, and names it', async () => {
    const events = [EVENT, { id: 'event-2', type: 't', properties: { a: 'x'.repeat(600_000) } }]
    const answer = await api.server.inject(trackCall(goodCall({ events })))
    assert.equal(answer.statusCode, 413)
    assert.match(
      answer.json().detail,
      /^Too large: event 1 takes 600\d{3} bytes as stored; the maximum is 524288: send less in it$/,
    )
    assert.equal(api.producer.messages.length, 0)
  })

  it('takes as many events as a call may carry', async () => {
    const events = Array.from({ length: 1000 }, (_, index) => ({ id: `e${index}`, type: 't' }))
    assert.equal((await api.server.inject(trackCall(goodCall({ events })))).statusCode, 200)
    assert.equal(eventsOf(api.producer.messages).length, 1000)
  })

  it('ignores keys that it does not know, those of Tracardi among them', async () => {
    const call = goodCall({
      metadata: 5,
      device: { id: 'd' },
      profile_less: true,
      debug: 'x',
      events: [{ ...EVENT, async: 1 }],
    })
    assert.equal((await api.server.inject(trackCall(call))).statusCode, 200)
    const [event] = eventsOf(api.producer.messages)
    assert.deepEqual(Object.keys(event ?? {}), ['id', 'type', 'name', 'metadata', 'source', 'session', 'profile'])
  })

  it('publishes the properties to the byte', async () => {
    const properties =
      '{"big":9007199254740993,"huge":1e400,"pi":3.14159265358979323846,"control":"\\u0000\\u001f\\n","lone":"\\ud83d","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"日本":"😀"}'
    const call = `{"source":{"id":"shop"},"events":[{"id":"event-1","type":"t","properties":${properties}}]}`
    assert.equal((await api.server.inject(trackCall(call))).statusCode, 200)
    assert.ok(linesOf(api.producer.messages)[1]?.endsWith(`,"properties":${properties}}`))
    assert.equal(({} as { polluted?: number }).polluted, undefined)
  })

  it('stores a time of the far past as it is, in the index of the time of arrival', async () => {
    const events = [{ ...EVENT, time: { insert: '1815-06-18 11:30:00' } }]
    assert.equal((await api.server.inject(trackCall(goodCall({ events })))).statusCode, 200)
    const [event] = eventsOf(api.producer.messages) as { metadata: { time: { insert: string; ingest: string } } }[]
    assert.equal(event?.metadata.time.insert, '1815-06-18T11:30:00.000Z')
    const month = event?.metadata.time.ingest.slice(0, 7)
    assert.ok(linesOf(api.producer.messages)[0]?.includes(`"_index":"tracardi-event-${month}"`))
  })

  it('is also /track/, without a redirect, and forgives doubled slashes', async () => {
    for (const url of ['/track/', '//track', '/track?profile_less=false']) {
      assert.equal((await api.server.inject({ ...trackCall(goodCall()), url })).statusCode, 200)
    }
  })
})

const DENIED = (id: string) =>
  `Access denied. Event source "${id}" is unknown or disabled, or its secret is missing or wrong.`

describe('/collect', () => {
  let api: Api
  beforeEach(async () => {
    api = await buildApi()
  })
  afterEach(closeApis)

  const posted = (url: string, body: unknown) => api.server.inject({ ...trackCall(body), url })

  const got = (url: string) => api.server.inject({ url, headers: { origin: 'https://shop.example.com' } })

  it('takes the body of a POST as the properties of one event, of nobody', async () => {
    const answer = await posted('/collect/Order%20Paid/shop', { total: 5 })
    const { task, ...rest } = answer.json()
    assert.equal(answer.statusCode, 200)
    assert.deepEqual(rest, { ux: [], response: {}, events: [], profile: null, session: null, errors: [], warnings: [] })
    assert.equal(task.length, 1)
    assert.equal(linesOf(api.producer.messages).length, 2)
    const [event] = eventsOf(api.producer.messages)
    const { type, name, source, session, profile, properties } = event ?? {}
    assert.deepEqual(
      { type, name, source, session, profile, properties },
      {
        type: 'order-paid',
        name: 'Order Paid',
        source: { id: 'shop' },
        session: undefined,
        profile: undefined,
        properties: { total: 5 },
      },
    )
  })

  it('takes the query of a GET as the properties', async () => {
    const answer = await got('/collect/open/shop?mail=42&tag=a&tag=b&__proto__=c')
    assert.equal(answer.statusCode, 200)
    const [, document = ''] = linesOf(api.producer.messages)
    assert.ok(document.endsWith(',"properties":{"mail":"42","tag":["a","b"],"__proto__":"c"}}'), document)
  })

  it('belongs to the session of the path and to the profile of that session, like a call of /track with it', async () => {
    const profile = { id: profileOfSession('s 1') }
    for (const send of [
      () => posted('/collect/open/shop/s%201', {}),
      () => got('/collect/open/shop/s%201/'),
      () => api.server.inject(trackCall(goodCall({ session: { id: 's 1' }, profile: null }))),
    ]) {
      const answer = await send()
      assert.deepEqual([answer.json().session, answer.json().profile], [{ id: 's 1' }, profile])
    }
    assert.deepEqual(
      api.producer.messages.map(({ properties }) => properties['s']),
      ['2', '2', '2'],
    )
    assert.deepEqual(
      eventsOf(api.producer.messages).map((event) => [event['session'], event['profile']]),
      Array(3).fill([{ id: 's 1' }, profile]),
    )
  })

  it('knows nobody with a blank session', async () => {
    const answer = await posted('/collect/open/shop/%20', {})
    assert.deepEqual([answer.statusCode, answer.json().session, answer.json().profile], [200, null, null])
  })

  const propertiesOf = async (type: string | undefined, payload: string, more: Record<string, string> = {}) => {
    const headers = { ...(type === undefined ? {} : { 'content-type': type }), ...more }
    const answer = await api.server.inject({ method: 'POST', url: '/collect/t/shop', headers, payload })
    assert.equal(answer.statusCode, 200)
    return eventsOf(api.producer.messages).at(-1)?.['properties']
  }
  const FORM = 'application/x-www-form-urlencoded'

  it('takes the fields of a form as the properties', async () => {
    for (const type of [FORM, `${FORM}; charset=utf-8`]) {
      assert.deepEqual(await propertiesOf(type, 'From=%2B48123&Body=Hello+you&tag=a&tag=b&empty='), {
        From: '+48123',
        Body: 'Hello you',
        tag: ['a', 'b'],
        empty: '',
      })
    }
    assert.deepEqual(await propertiesOf(FORM, gzipSync('a=1') as unknown as string, { 'content-encoding': 'gzip' }), {
      a: '1',
    })
  })

  it('refuses a form of too many fields, and one that is no UTF-8', async () => {
    const form = (payload: string | Buffer) =>
      api.server.inject({ method: 'POST', url: '/collect/t/shop', headers: { 'content-type': FORM }, payload })
    assert.equal((await form(`a${'&a'.repeat(100_000)}`)).statusCode, 413)
    assert.equal((await form(Buffer.from('a=\xf6', 'latin1'))).statusCode, 422)
    assert.equal(api.producer.messages.length, 0)
  })

  it('takes an empty body as no properties, whatever its type', async () => {
    for (const type of [undefined, 'application/json', 'text/plain', FORM]) {
      assert.equal(await propertiesOf(type, ''), undefined)
    }
    assert.equal(api.producer.messages.length, 4)
  })

  it('takes from the ping of a link where it leads and where it was followed', async () => {
    const from = 'https://shop.example.com/a'
    const headers = { 'ping-from': from, 'ping-to': 'https://elsewhere.example.com/b' }
    assert.deepEqual(await propertiesOf('text/ping', 'PING', headers), { from, to: headers['ping-to'] })
    assert.equal(await propertiesOf('text/ping', 'PING'), undefined)
  })

  for (const [what, url, body, status, detail] of [
    [
      'a list',
      '/collect/t/shop',
      '[1]',
      422,
      [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
    ],
    [
      'a long number',
      '/collect/t/shop',
      '1e400',
      422,
      [{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
    ],
    [
      'a blank type',
      '/collect/%20/shop',
      '{}',
      422,
      [{ loc: ['params', 'event_type'], msg: 'String should not be empty', type: 'string_too_short' }],
    ],
    [
      'a type of 513 characters',
      `/collect/${'x'.repeat(513)}/shop`,
      '{}',
      422,
      [{ loc: ['params', 'event_type'], msg: 'String should have at most 512 characters', type: 'string_too_long' }],
    ],
    ['an unknown source', '/collect/t/nobody', '{}', 401, DENIED('nobody')],
    ['a disabled source', '/collect/t/closed', '{}', 401, DENIED('closed')],
    ['no source', '/collect/t', '{}', 404, 'There is no POST /collect/t here'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const answer = await posted(url, body)
      assert.deepEqual([answer.statusCode, answer.json()], [status, { detail }])
      assert.equal(api.producer.messages.length, 0)
    })
  }

  it('stores nothing on HEAD', async () => {
    assert.equal((await api.server.inject({ method: 'HEAD', url: '/collect/t/shop' })).statusCode, 405)
    assert.equal(api.producer.messages.length, 0)
  })
})
