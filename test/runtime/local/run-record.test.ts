import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../runtime/config.ts'
import { startOf } from '../../../runtime/local/child.ts'
import { type Home, homeIn } from '../../../runtime/local/home.ts'
import { commandTarget, environmentOn, removeRunRecord, writeRunRecord } from '../../../runtime/local/run-record.ts'

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
  let said: string[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'record-'))
    home = homeIn(folder)
    said = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const goesOn = () => writeFileSync(home.lockFile, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }))
  const target = (env: Record<string, string> = {}) =>
    commandTarget({ TRACARDI_HOME: folder, ...env }, (text) => said.push(text))

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

  it('is used by the commands while the run continues, and they say so', () => {
    writeRunRecord(home, config, urls)
    goesOn()
    const { env, run } = target({ BULK_SIZE: '7' })
    assert.deepEqual(loadConfig(env), { ...config, bulkSize: 7 })
    assert.deepEqual([run?.publicUrl, run?.instances], [urls.publicUrl, urls.instances])
    assert.deepEqual(said, [`Using the run on this machine (pid ${process.pid}, ${folder}).`])
  })

  for (const name of ['PULSAR_HOST', 'PULSAR_API', 'ELASTIC_HOST']) {
    it(`is not used where ${name} names a server`, () => {
      writeRunRecord(home, config, urls)
      goesOn()
      const given = { [name]: 'http://production.example.com:1' }
      assert.deepEqual(target(given), { env: { TRACARDI_HOME: folder, ...given }, run: undefined })
      assert.deepEqual(said, [])
    })
  }

  it('is not used once the run is gone, or before it has written it', () => {
    goesOn()
    assert.equal(target().run, undefined)
    writeRunRecord(home, config, urls)
    writeFileSync(home.lockFile, JSON.stringify({ pid: process.pid, started: 'before' }))
    assert.equal(target().run, undefined)
  })

  it('says what to do where it cannot be read', () => {
    writeRunRecord(home, config, urls)
    writeFileSync(join(home.run, 'environment.json'), '')
    goesOn()
    assert.throws(target, {
      code: 'local_run',
      message: /^The run on this machine \(pid \d+\) cannot be used: .*PULSAR_HOST/,
    })
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
