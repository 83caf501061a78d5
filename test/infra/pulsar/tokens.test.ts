import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, importSPKI, jwtVerify } from 'jose'
import { signToken } from '../../../infra/pulsar/tokens.ts'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

const keyPair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })

describe('a token', () => {
  const { privateKey, publicKey } = keyPair()

  it('says the role alone, signed so that the public key verifies it', async () => {
    const { payload, protectedHeader } = await jwtVerify(
      await signToken(privateKey, 'api'),
      await importSPKI(publicKey, 'RS256'),
    )
    assert.deepEqual(payload, { sub: 'api' })
    assert.deepEqual(protectedHeader, { alg: 'RS256' })
  })

  it('is refused by any other key', async () => {
    const other = await importSPKI(keyPair().publicKey, 'RS256')
    await assert.rejects(jwtVerify(await signToken(privateKey, 'api'), other), {
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    })
  })

  it('is the same for the same key and role, so that an update changes nothing', async () => {
    assert.equal(await signToken(privateKey, 'worker'), await signToken(privateKey, 'worker'))
  })
})

describe('the tokens of a stack', () => {
  it('are one for each role', async () => {
    const secrets = ofType(await registeredBy(changed('staging')), 'Secret')
    const tokens = secrets.filter(({ inputs }) => inputs.metadata.name.startsWith('pulsar-token-'))
    assert.deepEqual(
      tokens.map(({ inputs }) => [inputs.metadata.name, decodeJwt(inputs.stringData.token).sub]).sort(),
      [
        ['pulsar-token-admin', 'admin'],
        ['pulsar-token-api', 'api'],
        ['pulsar-token-broker', 'broker'],
        ['pulsar-token-proxy', 'proxy'],
        ['pulsar-token-worker', 'worker'],
      ],
    )
  })

  it('are signed by another key for another generation', async () => {
    const keys = async (pulsar: Readonly<Record<string, unknown>>) =>
      ofType(await registeredBy(changed('production', { pulsar })), 'PrivateKey')
        .map(({ name }) => name)
        .filter((name) => name.startsWith('pulsar'))
    assert.deepEqual(await keys({}), ['pulsar-tokens-key'])
    assert.deepEqual(await keys({ tokenGeneration: 2 }), ['pulsar-tokens-key-2'])
  })

  it('reach each program as its own alone', async () => {
    const templates = podTemplates(await registeredBy(changed('staging', { proxy: { replicas: 1 } })))
    const tokens = templates.flatMap(({ name, spec }) =>
      spec.volumes
        .map((volume: { secret?: { secretName: string } }) => volume.secret?.secretName)
        .filter((secret: string | undefined) => secret?.startsWith('pulsar-token-'))
        .map((secret: string) => [name.replace(/-[0-9a-f]{8}$/, ''), secret]),
    )
    assert.deepEqual(tokens.sort(), [
      ['api', 'pulsar-token-api'],
      ['bookkeeper-drain-after', 'pulsar-token-admin'],
      ['bookkeeper-drain-before', 'pulsar-token-admin'],
      ['broker', 'pulsar-token-broker'],
      ['erase', 'pulsar-token-api'],
      ['proxy', 'pulsar-token-proxy'],
      ['pulsar-permissions', 'pulsar-token-admin'],
      ['replay', 'pulsar-token-worker'],
      ['set-up', 'pulsar-token-admin'],
      ['worker', 'pulsar-token-worker'],
    ])
  })

  it('are none where the brokers ask for none', async () => {
    const secrets = ofType(await registeredBy(changed('dev')), 'Secret')
    assert.deepEqual(
      secrets.map(({ inputs }) => inputs.metadata.name).filter((name) => name.startsWith('pulsar')),
      [],
    )
  })
})
