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

  it('sets the offload of a namespace, the lag first, and reads what is in force for a topic', async () => {
    const server = new ScriptedServer()
    await server.start()
    const admin = pulsarAdmin(loadConfig({ PULSAR_API: server.url }))
    server.answer = () => ({ status: 204 })
    await admin.setOffload('a/b', { afterSeconds: 3600, afterBytes: -1, deletionLagMs: 60_000 })
    assert.deepEqual(
      server.calls.map(({ method, path, text }) => [method, path, text]),
      [
        ['PUT', '/admin/v2/namespaces/a/b/offloadDeletionLagMs', '60000'],
        ['PUT', '/admin/v2/namespaces/a/b/offloadThresholdInSeconds', '3600'],
        ['PUT', '/admin/v2/namespaces/a/b/offloadThreshold', '-1'],
      ],
    )
    const applied = (body: object) => {
      server.answer = () => ({ body })
      return admin.appliedOffload('persistent://a/b/c')
    }
    const none = { driver: '', afterSeconds: -1, afterBytes: -1, deletionLagMs: -1 }
    assert.deepEqual(await applied({ managedLedgerOffloadDriver: null }), none)
    assert.equal(server.calls.at(-1)?.path, '/admin/v2/persistent/a/b/c/offloadPolicies')
    const policies = {
      managedLedgerOffloadDriver: 'aws-s3',
      managedLedgerOffloadThresholdInSeconds: 60,
      managedLedgerOffloadThresholdInBytes: 5,
      managedLedgerOffloadDeletionLagInMillis: 7,
    }
    const some = { driver: 'aws-s3', afterSeconds: 60, afterBytes: 5, deletionLagMs: 7 }
    assert.deepEqual(await applied(policies), some)
    server.answer = () => ({ status: 404 })
    assert.deepEqual(await admin.appliedOffload('persistent://a/b/c'), none)
    await admin.close()
    await server.stop()
  })

  it('knows which ledgers of a partition are in the object store', async () => {
    const server = new ScriptedServer()
    await server.start()
    const ledger = (ledgerId: number, offloaded: boolean) => ({ ledgerId, entries: 4, offloaded })
    const ledgers = [ledger(1, true), ledger(2, false), { ledgerId: 3, entries: 0 }]
    server.answer = () => ({ body: { currentLedgerEntries: 2, lastConfirmedEntry: '3:1', ledgers } })
    const admin = pulsarAdmin(loadConfig({ PULSAR_API: server.url }))
    assert.deepEqual(await admin.keptLedgers('persistent://a/b/c-partition-0'), {
      ledgers: [
        { id: 1, entries: 4, offloaded: true },
        { id: 2, entries: 4 },
        { id: 3, entries: 2 },
      ],
      last: { ledger: 3, entry: 1 },
    })
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
