import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { loopbackInterface, pulsarToken, securePulsar } from '../../../runtime/local/pulsar-security.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

describe('pulsarToken', () => {
  it('is a token of the superuser, signed with the key', async () => {
    const { payload, protectedHeader } = await jwtVerify(pulsarToken(KEY), Buffer.from(KEY, 'base64'))
    assert.deepEqual(payload, { sub: 'admin' })
    assert.equal(protectedHeader.alg, 'HS256')
  })
})

describe('securePulsar', () => {
  it('keeps every secret out of the configuration, which Pulsar logs, in files of the owner', () => {
    const folder = mkdtempSync(join(tmpdir(), 'security-'))
    const { conf, jvmOption } = securePulsar(folder, KEY)
    const shown = JSON.stringify(conf) + jvmOption
    assert.ok(!shown.includes(KEY) && !shown.includes(pulsarToken(KEY)))
    assert.equal(conf['tokenSecretKey'], `file://${folder}/token.key`)
    assert.deepEqual(readFileSync(join(folder, 'token.key')), Buffer.from(KEY, 'base64'))
    assert.equal(readFileSync(join(folder, 'token'), 'utf8'), pulsarToken(KEY))
    for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
    rmSync(folder, { recursive: true })
  })
})

describe('loopbackInterface', () => {
  const address = (text: string) => [{ address: text, internal: text === '127.0.0.1' }]

  it('is the one that has 127.0.0.1, whatever its name', () => {
    assert.equal(loopbackInterface({ en0: address('192.168.1.2'), lo0: address('127.0.0.1') }), 'lo0')
  })

  it('says which there are where none has it', () => {
    assert.throws(() => loopbackInterface({ eth0: address('10.0.0.1') }), {
      code: 'local_run',
      message:
        'No network interface has the address 127.0.0.1; there are eth0. ' +
        'Pulsar listens there and nowhere else: bring the loopback interface up (ip link set lo up).',
    })
  })
})
