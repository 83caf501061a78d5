import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { pulsarAdmin } from '../../../runtime/queue/admin.ts'
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
})
