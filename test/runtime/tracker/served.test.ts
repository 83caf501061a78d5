import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { type PublishedFile, pathOfBuilt } from '../../../runtime/tracker/build.ts'
import { type Api, buildApi, closeApis } from '../../support/api.ts'

describe('GET /tracker', () => {
  let api: Api
  before(async () => {
    api = await buildApi()
  })
  after(closeApis)

  const get = (name: string, headers: Record<string, string> = {}) =>
    api.server.inject({ url: `/tracker/${name}`, headers })

  for (const [file, type] of [
    ['tracker.js', 'text/javascript'],
    ['liliput.min.js', 'text/javascript'],
    ['tracker.mjs', 'text/javascript'],
    ['pages.js', 'text/javascript'],
    ['pages.mjs', 'text/javascript'],
    ['tracker.d.mts', 'text/plain'],
    ['pages.d.mts', 'text/plain'],
    ['published.json', 'application/json'],
  ] as const) {
    const name = file
    it(`serves ${file}`, async () => {
      const answer = await get(name)
      assert.equal(answer.statusCode, 200)
      assert.equal(answer.body, readFileSync(pathOfBuilt(file), 'utf8'))
      const { etag, 'content-length': length, ...headers } = answer.headers
      assert.match(String(etag), /^"[-\w]{22}"$/)
      assert.equal(Number(length), Buffer.byteLength(answer.body))
      assert.partialDeepStrictEqual(headers, {
        'content-type': `${type}; charset=utf-8`,
        'cache-control': 'public, max-age=3600, stale-while-revalidate=86400',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'cross-origin',
        vary: 'Origin, Accept-Encoding',
      })
    })
  }

  it('serves each published script forever under the hash of its content, which a page can check', async () => {
    const published = JSON.parse(readFileSync(pathOfBuilt('published.json'), 'utf8')) as PublishedFile[]
    assert.deepEqual(
      published.map(({ name }) => name),
      ['tracker.js', 'pages.js'],
    )
    for (const { name, file, integrity } of published) {
      const answer = await get(file, { origin: 'https://shop.example.com' })
      assert.equal(answer.body, readFileSync(pathOfBuilt(name), 'utf8'))
      const digest = createHash('sha384').update(answer.body).digest()
      assert.equal(integrity, `sha384-${digest.toString('base64')}`)
      assert.equal(file, name.replace('.', `.${digest.toString('hex').slice(0, 12)}.`))
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
      // A page of another origin may check the hash only of what it may read.
      assert.equal(answer.headers['access-control-allow-origin'], 'https://shop.example.com')
    }
  })

  it('continues to serve the scripts of earlier releases: each has the content that its name says', async () => {
    for (const file of readdirSync(pathOfBuilt('published'))) {
      const { body, statusCode } = await get(file)
      assert.equal(statusCode, 200)
      assert.equal(file.split('.')[1], createHash('sha384').update(body).digest('hex').slice(0, 12))
    }
  })

  it('compresses it as the browser likes it best', async () => {
    const plain = readFileSync(pathOfBuilt('tracker.js'), 'utf8')
    const encoded = async (accepted: string) => {
      const { headers, rawPayload } = await get('tracker.js', { 'accept-encoding': accepted })
      return [headers['content-encoding'], rawPayload] as const
    }
    const [br, brotli] = await encoded('gzip, deflate, br;q=0.9, zstd')
    assert.deepEqual([br, brotliDecompressSync(brotli).toString()], ['br', plain])
    const [gzip, gzipped] = await encoded('gzip, deflate')
    assert.deepEqual([gzip, gunzipSync(gzipped).toString()], ['gzip', plain])
    const [none, identity] = await encoded('gzip;q=0, br;q=0.0, zstd')
    assert.deepEqual([none, identity.toString()], [undefined, plain])
  })

  it('answers 304 without a body to who has it already, in the same encoding', async () => {
    const { headers } = await get('tracker.js', { 'accept-encoding': 'gzip' })
    const etag = String(headers.etag)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get('tracker.js', { 'accept-encoding': 'gzip', 'if-none-match': tag })
      assert.deepEqual([answer.statusCode, answer.body, answer.headers.etag], [304, '', etag])
    }
    assert.equal((await get('tracker.js', { 'accept-encoding': 'br', 'if-none-match': etag })).statusCode, 200)
    assert.equal((await get('tracker.js', { 'if-none-match': '"other"' })).statusCode, 200)
  })

  it('lets any page import the module; whether it may send is decided by the source', async () => {
    const answer = await get('tracker.mjs', { origin: 'https://evil.example.com' })
    assert.equal(answer.headers['access-control-allow-origin'], 'https://evil.example.com')
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
  })

  it('answers HEAD, and 404 for everything else', async () => {
    const head = await api.server.inject({ method: 'HEAD', url: '/tracker/tracker.js' })
    assert.deepEqual([head.statusCode, head.body], [200, ''])
    for (const name of ['', 'build.ts', '..%2Fpackage.json', 'dist/tracker.js']) {
      assert.equal((await get(name)).statusCode, 404, name)
    }
  })
})
