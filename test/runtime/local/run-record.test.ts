import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../runtime/config.ts'
import { type Home, homeIn } from '../../../runtime/local/home.ts'
import { environmentOn, removeRunRecord, writeRunRecord } from '../../../runtime/local/run-record.ts'

const config = loadConfig({
  PULSAR_HOST: 'pulsar://127.0.0.1:1',
  PULSAR_AUTH_TOKEN: 'of-the-run',
  ELASTIC_HTTP_AUTH_USERNAME: 'tracardi',
  ELASTIC_HTTP_AUTH_PASSWORD: 'secret',
  ELASTIC_INDEX_REPLICAS: '0',
  PRIVATE_TOKEN: 'operator',
})
const urls = { publicUrl: 'http://127.0.0.1:18585', instances: ['http://127.0.0.1:18686', 'http://127.0.0.1:18687'] }

describe('the record of a run', () => {
  let folder: string
  let home: Home

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'record-'))
    home = homeIn(folder)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is for the owner alone, and goes with the run', () => {
    writeRunRecord(home, config, urls)
    assert.equal(statSync(home.run).mode & 0o777, 0o700)
    for (const file of readdirSync(home.run)) assert.equal(statSync(join(home.run, file)).mode & 0o777, 0o600, file)
    removeRunRecord(home)
    assert.equal(existsSync(home.run), false)
  })

  it('has a file with the header for each listener that asks for one', () => {
    const shown = (file: string | undefined) =>
      file === undefined ? undefined : execFileSync('cat', [file]).toString()
    const headers = writeRunRecord(home, config, urls)
    assert.equal(shown(headers.operator), 'Authorization: Bearer operator\n')
    assert.equal(shown(headers.elasticsearch), 'Authorization: Basic dHJhY2FyZGk6c2VjcmV0\n')
    assert.equal(shown(headers.pulsar), 'Authorization: Bearer of-the-run\n')
    const ofOthers = writeRunRecord(home, loadConfig({ ELASTIC_API_KEY: 'key' }), urls)
    assert.equal(shown(ofOthers.elasticsearch), 'Authorization: ApiKey key\n')
    assert.equal(ofOthers.pulsar, undefined)
    assert.deepEqual(readdirSync(home.run).sort(), ['elasticsearch.header', 'environment.json'])
  })
})

describe('environmentOn', () => {
  const run = { settings: { PULSAR_HOST: 'pulsar://run:1', PULSAR_AUTH_TOKEN: 'run', BULK_SIZE: '7' }, ...urls }

  it('lets the user win, but not with the credentials of another place', () => {
    const user = {
      BULK_SIZE: '8',
      PULSAR_AUTH_TOKEN: 'production',
      ELASTIC_API_KEY: 'production',
      PULSAR_CA_FILE: '/ca',
    }
    const found = loadConfig(environmentOn(run, user))
    assert.equal(found.bulkSize, 8)
    assert.equal(found.pulsarAuthToken, 'run')
    assert.equal(found.elasticApiKey, '')
    assert.equal(found.pulsarCaFile, '')
  })

  it('takes a blank variable as not set', () => {
    assert.equal(loadConfig(environmentOn(run, { BULK_SIZE: ' ' })).bulkSize, 7)
  })
})
