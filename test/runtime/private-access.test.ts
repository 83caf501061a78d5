import assert from 'node:assert/strict'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import { loadConfig } from '../../runtime/config.ts'
import { allowedHosts, hostFault, tokenGuard } from '../../runtime/private-access.ts'
import { recordingLog } from '../support/log.ts'

describe('the host of a call to the private listener', () => {
  const allowed = allowedHosts(loadConfig({ PRIVATE_ALLOWED_HOSTS: 'api-private,api-private.tracardi.svc' }))
  const statusOf = (...headers: readonly string[]) => hostFault(headers, allowed)?.status

  for (const host of [
    '127.0.0.1',
    '10.0.0.7:8686',
    '[::1]',
    '[fd00::1]:8686',
    'localhost',
    'LOCALHOST:18686',
    'api-private:8686',
    'api-private.tracardi.svc',
  ]) {
    it(`may be ${host}`, () => assert.equal(statusOf(host), undefined))
  }

  for (const host of [
    'evil.test:8686',
    'localhost.evil.test',
    'localhost.',
    'api-private.evil.test',
    '127.0.0.1.evil.test',
    '127.1',
    '2130706433',
    '[::1].evil.test',
    '[localhost]',
    '::1',
    'localhost:8686:8686',
    'localhost, evil.test',
    'user@localhost',
    '',
    ':8686',
  ]) {
    it(`may not be "${host}"`, () => assert.equal(statusOf(host), 421))
  }

  it('is given once', () => {
    assert.equal(statusOf(), 400)
    assert.equal(statusOf('localhost', 'localhost'), 400)
  })

  it('is known by no name but localhost where none is set', () => {
    assert.deepEqual([...allowedHosts(loadConfig({}))], ['localhost'])
  })
})

describe("the operators' token", () => {
  const guarded = (token: string, now?: () => number) => {
    const { log, lines } = recordingLog()
    const server = Fastify({ loggerInstance: log as FastifyBaseLogger, disableRequestLogging: true })
    server.addHook('onRequest', tokenGuard(token, log, now))
    server.get('/', async () => 'open')
    const status = async (authorization?: string) => {
      const answer = await server.inject({ url: '/', headers: authorization === undefined ? {} : { authorization } })
      const { detail } = answer.statusCode === 200 ? { detail: undefined } : answer.json()
      return [answer.statusCode, answer.headers['www-authenticate'], detail]
    }
    return { status, lines }
  }

  it('opens, whatever the case of the scheme', async () => {
    const { status } = guarded('secret')
    for (const given of ['Bearer secret', 'bearer secret', 'BEARER  secret']) {
      assert.deepEqual(await status(given), [200, undefined, undefined])
    }
  })

  it('is asked for with 401 when it is missing or wrong', async () => {
    const { status } = guarded('secret')
    const missing = 'The header "Authorization: Bearer <PRIVATE_TOKEN>" is missing'
    for (const given of [undefined, '', 'secret', 'Basic secret', 'Bearer', 'Bearersecret']) {
      assert.deepEqual(await status(given), [401, 'Bearer', missing], given)
    }
    for (const given of ['Bearer Secret', 'Bearer secre', 'Bearer secrets', 'Bearer secret secret']) {
      assert.deepEqual(await status(given), [401, 'Bearer', 'The token does not match PRIVATE_TOKEN'], given)
    }
  })

  it('opens to nobody while none is set', async () => {
    const { status } = guarded('')
    for (const given of [undefined, 'Bearer', 'Bearer ', 'Bearer x']) {
      const detail = 'PRIVATE_TOKEN is empty, so every call is refused; set it and restart the program'
      assert.deepEqual(await status(given), [401, 'Bearer', detail])
    }
  })

  it('is never logged, and who has not got it once a minute', async () => {
    let nowMs = 0
    const { status, lines } = guarded('secret', () => nowMs)
    for (const given of ['Bearer guess-1', 'Bearer guess-2', undefined, 'Bearer secret']) await status(given)
    nowMs = 59_999
    await status('Bearer guess-3')
    nowMs = 60_000
    await status('Bearer guess-4')
    assert.deepEqual(
      lines.map(({ msg, refused, address }) => [msg, refused, address]),
      [
        ["calls without the operators' token were refused", 1, '127.0.0.1'],
        ["calls without the operators' token were refused", 4, '127.0.0.1'],
      ],
    )
    assert.doesNotMatch(JSON.stringify(lines), /guess|secret/)
  })
})
