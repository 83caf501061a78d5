import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../runtime/config.ts'
import {
  apiEnvironment,
  MALLOC_ENVIRONMENT,
  NODE_OPTIONS,
  programEnvironment,
  startProgram,
  transportOf,
  untilDone,
  withCredentials,
  workerEnvironment,
} from '../../../runtime/local/programs.ts'
import { pulsarToken } from '../../../runtime/local/pulsar-security.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const servers = {
  pulsar: { serviceUrl: 'pulsar://127.0.0.1:1', adminUrl: 'http://127.0.0.1:2' },
  elasticsearch: { url: 'http://127.0.0.1:3' },
}

describe('programEnvironment', () => {
  it('names the servers of the run and listens on this machine only', () => {
    const config = loadConfig(programEnvironment({}, '/home/sources.json', servers))
    assert.equal(config.pulsarHost, 'pulsar://127.0.0.1:1')
    assert.equal(config.pulsarApi, 'http://127.0.0.1:2')
    assert.equal(config.elasticHost, 'http://127.0.0.1:3')
    assert.equal(config.indexReplicas, 0)
    assert.equal(config.indexRefreshSeconds, 1)
    assert.equal(config.bulkTimeoutSeconds, 1)
    assert.equal(config.publicHost, '127.0.0.1')
    assert.equal(config.privateHost, '127.0.0.1')
    assert.equal(config.sourcesFile, '/home/sources.json')
  })

  it('lets everything that the user has set win', () => {
    const user = {
      ...{ ELASTIC_INDEX_REPLICAS: '2', PUBLIC_HOST: '0.0.0.0', SOURCES_FILE: 'mine.json', BULK_SIZE: '7' },
      BULK_TIMEOUT_SECONDS: '30',
    }
    const config = loadConfig(programEnvironment(user, '/home/sources.json', servers))
    assert.equal(config.indexReplicas, 2)
    assert.equal(config.publicHost, '0.0.0.0')
    assert.equal(config.sourcesFile, 'mine.json')
    assert.deepEqual([config.bulkSize, config.bulkTimeoutSeconds], [7, 30])
  })

  it('takes a blank variable as not set', () => {
    const config = loadConfig(programEnvironment({ PUBLIC_HOST: ' ' }, '/s.json', servers))
    assert.equal(config.publicHost, '127.0.0.1')
  })

  it('leaves replicas and refresh interval of an Elasticsearch that is not ours alone', () => {
    const config = loadConfig(programEnvironment({ ELASTIC_HOST: 'http://es:9200' }, '/s.json', {}))
    assert.equal(config.elasticHost, 'http://es:9200')
    assert.equal(config.indexReplicas, 1)
    assert.equal(config.indexRefreshSeconds, 10)
  })
})

describe('withCredentials', () => {
  const credentials = {
    pulsarKey: Buffer.alloc(32).toString('base64'),
    elasticPassword: 'secret',
    privateToken: 'token',
  }
  const both = { pulsar: true, elasticsearch: true }

  it('gives the programs those of the servers that are started, whatever the user has set for others', () => {
    const user = { PULSAR_AUTH_TOKEN: 'production', ELASTIC_API_KEY_FILE: '/nowhere', ELASTIC_HTTP_AUTH_USERNAME: 'me' }
    const config = loadConfig(withCredentials(user, both, credentials))
    assert.equal(config.pulsarAuthToken, pulsarToken(credentials.pulsarKey))
    assert.deepEqual([config.elasticUsername, config.elasticPassword], ['tracardi', 'secret'])
    assert.equal(config.elasticApiKey, '')
  })

  it('leaves those of the servers of the user alone', () => {
    const user = { PULSAR_AUTH_TOKEN: 'mine', ELASTIC_API_KEY: 'my-key' }
    const config = loadConfig(withCredentials(user, { pulsar: false, elasticsearch: false }, credentials))
    assert.equal(config.pulsarAuthToken, 'mine')
    assert.equal(config.elasticApiKey, 'my-key')
    assert.equal(config.elasticUsername, '')
  })

  it('takes the token of the operators from the user, otherwise the generated one', () => {
    assert.equal(loadConfig(withCredentials({}, both, credentials)).privateToken, 'token')
    assert.equal(loadConfig(withCredentials({ PRIVATE_TOKEN: 'mine' }, both, credentials)).privateToken, 'mine')
    assert.equal(withCredentials({ PRIVATE_TOKEN_FILE: '/f' }, both, credentials)['PRIVATE_TOKEN'], undefined)
  })
})

describe('apiEnvironment', () => {
  const worker = ['http://127.0.0.1:8687']

  it('names the worker to the console', () => {
    assert.equal(loadConfig(apiEnvironment({}, worker)).consoleInstances, 'http://127.0.0.1:8687')
  })

  it('lets the user name others', () => {
    const user = { CONSOLE_INSTANCES: 'http://worker:1' }
    assert.equal(loadConfig(apiEnvironment(user, worker)).consoleInstances, 'http://worker:1')
  })
})

describe('workerEnvironment', () => {
  it('differs from that of the API in the private listener only', () => {
    const config = loadConfig(workerEnvironment({ PRIVATE_PORT: '1234', BULK_SIZE: '7' }, 8687))
    assert.equal(config.privatePort, 8687)
    assert.equal(config.bulkSize, 7)
  })
})

describe('a program', () => {
  let folder: string
  let cli: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'programs-'))
    cli = join(folder, 'cli.ts')
    writeFileSync(
      cli,
      `const code: number = Number(process.env['CODE'])
console.log(process.argv[2], 'began', ...process.execArgv, process.env['MALLOC_ARENA_MAX'])
if (code >= 0) process.exit(code)
else setInterval(() => undefined, 1000)
`,
    )
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const start = (code: number) =>
    startProgram('set-up', { ...process.env, CODE: String(code) }, { shutdownGraceSeconds: 1 }, folder, cli)

  it('is done when it ends with 0', async () => {
    const child = await start(0)
    await untilDone(child, new AbortController().signal)
    assert.deepEqual(child.lastLines(5), ['set-up began --max-semi-space-size=6 --heap-growing-percent=70 1'])
  })

  it('collects garbage and takes memory as its image does', () => {
    const dockerfile = readFileSync(new URL('../../../runtime/Dockerfile', import.meta.url), 'utf8')
    const [, entrypoint = ''] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? []
    assert.deepEqual(
      JSON.parse(entrypoint).filter((option: string) => NODE_OPTIONS.includes(option)),
      NODE_OPTIONS,
    )
    const variables = [...dockerfile.matchAll(/^ENV (MALLOC\w+)=(.*)$/gm)].map(([, name = '', value]) => [name, value])
    assert.deepEqual(Object.fromEntries(variables), MALLOC_ENVIRONMENT)
  })

  it('fails with the end of its log when it ends with another code', async () => {
    await assert.rejects(untilDone(await start(3), new AbortController().signal), {
      code: 'local_run',
      message:
        `Set-up ended (exit code 3). The last lines of ${join(folder, 'set-up.log')}:\n  set-up began ${NODE_OPTIONS.join(' ')} 1`.replace(
          '. The',
          '.\nThe',
        ),
    })
  })

  it('is killed when the run is stopped', async () => {
    const stopping = new AbortController()
    const child = await start(-1)
    const done = untilDone(child, stopping.signal)
    stopping.abort('stopped')
    await assert.rejects(done, (reason) => reason === 'stopped')
    assert.equal(child.hasExited(), true)
  })
})

describe('transportOf', () => {
  it('is what the program says, and nothing when it does not answer', async () => {
    const server = new ScriptedServer()
    await server.start()
    server.answer = () => ({ body: { version: '1.0.0', transport: 'websocket' } })
    assert.equal(await transportOf(server.url), 'websocket')
    await server.stop()
    assert.equal(await transportOf(server.url), undefined)
  })
})
