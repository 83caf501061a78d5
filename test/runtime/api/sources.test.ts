import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  digestOf,
  originAllowed,
  readSources,
  type Source,
  type Sources,
  watchSources,
  withCanary,
} from '../../../runtime/api/sources.ts'
import { AppError, messageOf } from '../../../runtime/errors.ts'
import { recordingLog } from '../../support/log.ts'

const POLL_MS = 2

describe('the sources file', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sources-'))
    path = join(folder, 'sources.json')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (content: unknown) =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  const faultOf = (content: unknown): string => {
    write(content)
    try {
      readSources(path)
    } catch (error) {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'sources_invalid')
      return messageOf(error).replace(path, 'FILE')
    }
    return 'none'
  }

  describe('readSources', () => {
    it('uses defaults for omitted fields', () => {
      write({ shop: {}, blog: { name: 'The blog', enabled: false, allowedOrigins: ['*'] } })
      assert.deepEqual(
        [...readSources(path).values()],
        [
          {
            id: 'shop',
            owner: 'source shop',
            name: 'shop',
            enabled: true,
            allowedOrigins: new Set(),
            secrets: [],
            limits: {},
            trustsProfileIds: true,
            refusesBots: false,
            storedIp: 'drop',
            storedHeaders: [],
            derivesFields: false,
          },
          {
            id: 'blog',
            owner: 'source blog',
            name: 'The blog',
            enabled: false,
            allowedOrigins: new Set(['*']),
            secrets: [],
            limits: {},
            trustsProfileIds: true,
            refusesBots: false,
            storedIp: 'drop',
            storedHeaders: [],
            derivesFields: false,
          },
        ],
      )
    })

    it('writes origins as browsers send them', () => {
      write({ shop: { allowedOrigins: ['https://Shop.Example.com:443', 'http://localhost:3000'] } })
      assert.deepEqual(
        readSources(path).get('shop')?.allowedOrigins,
        new Set(['https://shop.example.com', 'http://localhost:3000']),
      )
    })

    it('lists every fault', () => {
      assert.equal(
        faultOf({ shop: { enabled: 'yes', allowedOrigins: ['shop.example.com'] }, blog: { nmae: 'x' } }),
        'the sources file "FILE" has faults: /shop/enabled must be boolean; /shop/allowedOrigins/0 must be an origin like https://www.example.com, or *; /blog/nmae is unknown; known are name, enabled, allowedOrigins, secrets, limits, trustProfileIds, refuseBots, storeIp, storeHeaders, deriveFields and redirects',
      )
    })

    it('keeps of secrets a hash, and takes the limits that are stated', () => {
      const limits = { callsPerSecond: 10, bytesPerSecond: 0.5 }
      write({ shop: { secrets: ['a long secret text'], limits } })
      const shop = readSources(path).get('shop')
      assert.deepEqual([shop?.secrets, shop?.limits], [[digestOf('a long secret text')], limits])
    })

    it('takes whether ids of profiles are trusted, and whether bots are refused', () => {
      write({ shop: { trustProfileIds: false, refuseBots: true } })
      const shop = readSources(path).get('shop')
      assert.deepEqual([shop?.trustsProfileIds, shop?.refusesBots], [false, true])
      assert.match(faultOf({ shop: { trustProfileIds: 'no' } }), /\/shop\/trustProfileIds must be boolean$/)
    })

    it('takes what is stored of a sender, and no header with a credential', () => {
      write({ shop: { storeIp: 'truncate', storeHeaders: ['User-Agent', 'x-cookie'] } })
      const shop = readSources(path).get('shop')
      assert.deepEqual([shop?.storedIp, shop?.storedHeaders], ['truncate', ['user-agent', 'x-cookie']])
      assert.equal(
        faultOf({ shop: { storeIp: 'yes' } }),
        'the sources file "FILE" has faults: /shop/storeIp must be "drop", "truncate" or "keep"',
      )
      for (const name of ['Cookie', 'authorization', 'Proxy-Authorization', 'a b', '']) {
        assert.match(
          faultOf({ shop: { storeHeaders: [name] } }),
          /\/shop\/storeHeaders\/0 must be the name of a header other than cookie, authorization and proxy-authorization$/,
        )
      }
    })

    it('refuses redirects that lead nowhere, have no type, exist twice, or belong to a source with secrets', () => {
      const good = { to: 'https://shop.example.com/sale', type: 'mail' }
      assert.equal(faultOf({ shop: { redirects: { a: good } }, blog: { redirects: { b: good } } }), 'none')
      for (const to of ['/sale', 'javascript:alert(1)', 'https://', '']) {
        assert.match(
          faultOf({ shop: { redirects: { a: { ...good, to } } } }),
          /\/shop\/redirects\/a\/to must be an address like https:\/\/www\.example\.com\/sale$/,
        )
      }
      assert.match(faultOf({ shop: { redirects: { a: { ...good, type: ' ' } } } }), /\/a\/type must not be blank$/)
      assert.match(
        faultOf({ shop: { redirects: { a: { ...good, x: 1 } } } }),
        /\/shop\/redirects\/a\/x is unknown; known are to and type$/,
      )
      assert.match(
        faultOf({ shop: { redirects: { a: good } }, blog: { redirects: { a: good } } }),
        /\/blog\/redirects\/a exists in \/shop as well; a link names no source$/,
      )
      assert.match(
        faultOf({ shop: { secrets: ['a long secret text'], redirects: { a: good } } }),
        /\/shop has secrets and redirects; a link cannot keep a secret: use two sources$/,
      )
    })

    it('refuses secrets that are short or in a page, and limits that are none', () => {
      assert.match(
        faultOf({ shop: { secrets: ['short'] } }),
        /\/shop\/secrets\/0 must not have fewer than 16 characters$/,
      )
      assert.match(faultOf({ shop: { secrets: [] } }), /\/shop\/secrets must not have fewer than 1 items$/)
      assert.match(
        faultOf({ shop: { secrets: ['a long secret text'], allowedOrigins: ['*'] } }),
        /\/shop has secrets and allowedOrigins;/,
      )
      assert.match(
        faultOf({ shop: { limits: { callsPerSecond: -1 } } }),
        /\/shop\/limits\/callsPerSecond must be >= 0$/,
      )
      assert.match(
        faultOf({ shop: { limits: { calls: 1 } } }),
        /\/shop\/limits\/calls is unknown; known are callsPerSecond, eventsPerSecond and bytesPerSecond$/,
      )
    })

    it('refuses the id of the canary', () => {
      assert.match(
        faultOf({ 'tracardi-canary': {} }),
        /\/tracardi-canary is reserved for the canary; choose another id$/,
      )
    })

    it('refuses what is not an object of sources', () => {
      assert.match(faultOf('[]'), /^the sources file "FILE" has faults: \/ must be object/)
    })

    it('says what keeps it from being read', () => {
      assert.match(faultOf('{"shop":'), /^the sources file "FILE" is not JSON: /)
      assert.throws(
        () => readSources(join(folder, 'missing.json')),
        (error: AppError) => {
          assert.equal(error.code, 'sources_invalid')
          assert.match(messageOf(error), /cannot be read: ENOENT/)
          return true
        },
      )
    })
  })

  describe('originAllowed', () => {
    const source = (...origins: string[]): Source => ({
      id: 's',
      owner: 'source s',
      name: 's',
      enabled: true,
      allowedOrigins: new Set(origins),
      secrets: [],
      limits: {},
      trustsProfileIds: true,
      refusesBots: false,
      storedIp: 'drop',
      storedHeaders: [],
      derivesFields: false,
    })

    it('compares whole origins, and takes * for any', () => {
      assert.equal(originAllowed(source('https://a.com'), 'https://a.com'), true)
      assert.equal(originAllowed(source('https://a.com'), 'https://a.com.evil.com'), false)
      assert.equal(originAllowed(source('*'), 'null'), true)
      assert.equal(originAllowed(source(), 'https://a.com'), false)
    })
  })

  describe('watchSources', () => {
    let sources: Sources | undefined
    afterEach(() => sources?.close())

    const eventually = async (holds: () => boolean) => {
      while (!holds()) await sleep(POLL_MS)
    }

    it('throws when the file is not good at the start', () => {
      write('{')
      assert.throws(() => watchSources(path, recordingLog().log, POLL_MS), { code: 'sources_invalid' })
    })

    it('takes a change of the file, and logs it', async () => {
      write({ shop: { allowedOrigins: ['https://a.com'] } })
      const { log, lines } = recordingLog()
      const watched = watchSources(path, log, POLL_MS)
      sources = watched
      write({ shop: { enabled: false }, blog: { allowedOrigins: ['*'] } })
      await eventually(() => watched.find('blog') !== undefined)
      assert.equal(watched.find('shop')?.enabled, false)
      assert.deepEqual(
        lines.map(({ msg, sources: count }) => [msg, count]),
        [['sources reread', 2]],
      )
    })

    it('finds the redirects of all sources, also after a change', async () => {
      write({ shop: { redirects: { a: { to: 'https://a.com/', type: 'mail' } } } })
      const watched = watchSources(path, recordingLog().log, POLL_MS)
      sources = watched
      assert.deepEqual(watched.redirect('a'), { sourceId: 'shop', to: 'https://a.com/', type: 'mail' })
      write({ shop: {}, blog: { redirects: { b: { to: 'https://b.com/', type: 'mail' } } } })
      await eventually(() => watched.redirect('b') !== undefined)
      assert.equal(watched.redirect('a'), undefined)
    })

    it('takes a change by a swapped link, as Kubernetes makes it', async () => {
      for (const [version, content] of [
        ['one', { a: {} }],
        ['two', { b: {} }],
      ] as const) {
        mkdirSync(join(folder, version))
        writeFileSync(join(folder, version, 'sources.json'), JSON.stringify(content))
      }
      symlinkSync('one', join(folder, 'data'))
      const watched = watchSources(join(folder, 'data', 'sources.json'), recordingLog().log, POLL_MS)
      sources = watched
      symlinkSync('two', join(folder, 'next'))
      renameSync(join(folder, 'next'), join(folder, 'data'))
      await eventually(() => watched.find('b') !== undefined)
      assert.equal(watched.find('a'), undefined)
    })

    it('keeps the last good one when a change is broken, says so once, and takes the repair', async () => {
      write({ shop: {} })
      const { log, lines } = recordingLog()
      const watched = watchSources(path, log, POLL_MS)
      sources = watched
      write({ shop: { enabled: 'no' } })
      await eventually(() => lines.length > 0)
      await sleep(POLL_MS * 5)
      assert.deepEqual(
        lines.map(({ level, msg }) => [level, msg]),
        [[50, 'the sources file has a fault: the last good one stays in force']],
      )
      const fault = lines[0]?.['err'] as { code: string; message: string }
      assert.deepEqual([fault.code, watched.fault()], ['sources_invalid', fault.message])
      assert.match(fault.message, /\/shop\/enabled must be boolean$/)
      assert.equal(watched.find('shop')?.enabled, true)
      write({ shop: { enabled: false } })
      await eventually(() => watched.find('shop')?.enabled === false)
      assert.deepEqual(lines.map(({ msg }) => msg).slice(1), ['sources reread'])
      assert.equal(watched.fault(), undefined)
    })

    it('keeps the last good one while the file is gone, and says when it is back', async () => {
      write({ shop: {} })
      const { log, lines } = recordingLog()
      const watched = watchSources(path, log, POLL_MS)
      sources = watched
      rmSync(path)
      await eventually(() => lines.length === 1)
      assert.partialDeepStrictEqual(lines[0]?.['err'], { code: 'sources_invalid', cause: { code: 'ENOENT' } })
      assert.equal(watched.find('shop')?.enabled, true)
      write({ shop: {} })
      await eventually(() => lines.length === 2)
      assert.equal(lines[1]?.['msg'], 'sources reread')
    })

    it('has the source of the canary where there is one, with its secret', () => {
      write({ shop: {} })
      const ofFile = watchSources(path, recordingLog().log, POLL_MS)
      const sources = withCanary(ofFile, 'secret of the canary')
      assert.deepEqual(sources.find('tracardi-canary')?.secrets, [digestOf('secret of the canary')])
      assert.equal(sources.find('shop')?.id, 'shop')
      assert.equal(ofFile.find('tracardi-canary'), undefined)
      sources.close()
    })

    it('reads no more after it is closed', async () => {
      write({ shop: {} })
      const { log, lines } = recordingLog()
      watchSources(path, log, POLL_MS).close()
      write({ blog: {} })
      await sleep(POLL_MS * 5)
      assert.deepEqual(lines, [])
    })
  })
})
