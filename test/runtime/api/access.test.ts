import assert from 'node:assert/strict'
import { authorized } from '../../../runtime/api/access.ts'
import { digestOf, type Source } from '../../../runtime/api/sources.ts'

const SHOP = 'https://shop.example.com'
const SECRET = 'a secret of the back end'

function source(more: Partial<Source>): Source {
  return {
    id: 's',
    owner: 'source s',
    name: 's',
    enabled: true,
    allowedOrigins: new Set([SHOP]),
    secrets: [],
    limits: {},
    trustsProfileIds: true,
    refusesBots: false,
    storedIp: 'drop',
    storedHeaders: [],
    derivesFields: false,
    ...more,
  }
}

function statusOf(given: Partial<Source> | undefined, headers: Record<string, string>, method = 'GET'): number {
  try {
    authorized('s', given && source(given), { method, headers })
    return 200
  } catch (error) {
    return (error as { statusCode: number }).statusCode
  }
}

describe('authorized', () => {
  for (const [what, headers, status] of [
    ['the origin of the source', { origin: SHOP }, 200],
    ['another origin', { origin: 'https://evil.example.com' }, 403],
    [
      'a page of the source, named by the Referer',
      { referer: `${SHOP}/basket?a=1`, 'sec-fetch-site': 'cross-site' },
      200,
    ],
    [
      'another page, named by the Referer',
      { referer: 'https://evil.example.com/', 'sec-fetch-site': 'cross-site' },
      403,
    ],
    ['a Referer that hides in the path', { referer: `https://evil.example.com/${SHOP}` }, 403],
    ['a Referer that is not a URL', { referer: 'shop' }, 403],
    ['an Origin, whatever the Referer says', { origin: 'https://evil.example.com', referer: `${SHOP}/` }, 403],
    ['a browser that names neither', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a browser that navigates', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 403],
    ['nothing, as an old browser over plain HTTP may', {}, 403],
  ] as const) {
    it(`answers a GET with ${what}: ${status}`, () => {
      assert.equal(statusOf({}, headers), status)
    })
  }

  it('takes a GET of anyone for a source that allows any origin', () => {
    assert.equal(statusOf({ allowedOrigins: new Set(['*']) }, {}), 200)
  })

  it('takes a GET of a server that knows the secret, and of nobody else', () => {
    const backEnd = { allowedOrigins: new Set<string>(), secrets: [digestOf(SECRET)] }
    assert.equal(statusOf(backEnd, { authorization: `Bearer ${SECRET}` }), 200)
    assert.equal(statusOf(backEnd, { authorization: `Bearer ${SECRET} ` }), 401)
    assert.equal(statusOf(backEnd, {}), 401)
    assert.equal(statusOf(backEnd, { authorization: `Bearer ${SECRET}`, 'sec-fetch-site': 'none' }), 403)
  })

  it('takes a POST without an origin, which no browser sends', () => {
    assert.equal(statusOf({}, {}, 'POST'), 200)
    assert.equal(statusOf({ allowedOrigins: new Set() }, {}, 'POST'), 200)
    assert.equal(statusOf({}, { 'sec-fetch-mode': 'cors' }, 'POST'), 200)
    assert.equal(statusOf({}, { 'sec-fetch-site': 'cross-site' }, 'POST'), 403)
  })

  for (const [what, agent, status] of [
    ['a search engine', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 403],
    ['a link preview', 'facebookexternalhit/1.1', 403],
    [
      'a headless browser',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36',
      403,
    ],
    ['a browser', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0', 200],
  ] as const) {
    it(`answers ${what} for a source that refuses bots: ${status}, and takes it for one that does not`, () => {
      const headers = { 'user-agent': agent, origin: SHOP }
      assert.equal(statusOf({ refusesBots: true }, headers, 'POST'), status)
      assert.equal(statusOf({}, headers, 'POST'), 200)
    })
  }

  it('takes a call without User-Agent for a source that refuses bots', () => {
    assert.equal(statusOf({ refusesBots: true }, { origin: SHOP }, 'POST'), 200)
  })

  it('refuses what is unknown or disabled', () => {
    assert.equal(statusOf(undefined, {}, 'POST'), 401)
    assert.equal(statusOf({ enabled: false }, {}, 'POST'), 401)
  })
})
