import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { type PulsarAdmin, pulsarAdmin } from '../../../runtime/queue/admin.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

describe('pulsarAdmin', () => {
  it('asks again when a broker that is loading a topic answers 500', async () => {
    const server = new ScriptedServer()
    await server.start()
    server.answer = () => (server.calls.length < 3 ? { status: 500 } : { body: ['workers'] })
    const admin = pulsarAdmin(loadConfig({ PULSAR_API: server.url }))
    assert.deepEqual(await admin.subscriptions('persistent://a/b/c'), ['workers'])
    assert.equal(server.calls.length, 3)
    await admin.close()
    await server.stop()
  })

  it('takes properties that it cannot read as none', async () => {
    const server = new ScriptedServer()
    await server.start()
    const headers = ['{"n":"7"}', '{"n":"7', 'null']
    server.answer = () => ({ headers: { 'x-pulsar-property': headers.shift() ?? '' } })
    const admin = pulsarAdmin(loadConfig({ PULSAR_API: server.url }))
    const peek = () => admin.peekProperties('persistent://a/b/c', 'workers', 1)
    assert.deepEqual([await peek(), await peek(), await peek()], [{ n: '7' }, {}, {}])
    await admin.close()
    await server.stop()
  })

  describe('where another broker serves what is asked for', () => {
    let first: ScriptedServer
    let second: ScriptedServer
    let admin: PulsarAdmin

    beforeEach(async () => {
      first = new ScriptedServer()
      second = new ScriptedServer()
      await Promise.all([first.start(), second.start()])
      admin = pulsarAdmin(loadConfig({ PULSAR_API: first.url, PULSAR_AUTH_TOKEN: 'secret' }))
    })
    afterEach(async () => {
      await admin.close()
      await Promise.all([first.stop(), second.stop()])
    })
    const sendsTo = (location: string) => () => ({ status: 307, headers: { location } })

    it('goes there, with method, body and token', async () => {
      first.answer = sendsTo(`${second.url}/there?authoritative=true`)
      second.answer = () => ({ status: 204 })
      await admin.setMessageTtl('persistent://a/b/c', 60)
      await admin.createSubscription('persistent://a/b/c', 'workers')
      const seen = second.calls.map(({ method, path, text, headers }) => [method, path, text, headers.authorization])
      assert.deepEqual(seen, [
        ['POST', '/there', '', 'Bearer secret'],
        ['PUT', '/there', '"earliest"', 'Bearer secret'],
      ])
    })

    it('gives up where it is sent around, and takes the token to no other protocol', async () => {
      first.answer = sendsTo(`${first.url}/again`)
      await assert.rejects(admin.clusters(), { code: 'queue_admin', context: { status: 307 } })
      assert.equal(first.calls.length, 5)
      first.answer = sendsTo(second.url.replace('http:', 'https:'))
      await assert.rejects(admin.clusters(), { code: 'queue_admin', context: { status: 307 } })
      assert.equal(second.calls.length, 0)
    })
  })
})
