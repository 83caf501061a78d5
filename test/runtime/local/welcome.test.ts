import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { loadConfig } from '../../../runtime/config.ts'
import { firstSource, urlOf, welcome } from '../../../runtime/local/welcome.ts'

const textWith = (transport: string | undefined, env: Record<string, string> = {}) =>
  welcome({
    config: loadConfig({ PUBLIC_HOST: '0.0.0.0', ELASTIC_INDEX_PREFIX: 'mine', ...env }),
    workerPort: 8687,
    transport,
    home: { data: '/home/data', logs: '/home/logs' },
    headers: {
      operator: '/home/run/operator.header',
      elasticsearch: "/my home's/elasticsearch.header",
      pulsar: undefined,
    },
    sourceId: 'shop',
  })
const text = textWith('native')

/** The words that a shell passes on of the line with the given part. */
function shellWords(shown: string, part: string): string[] {
  const line = shown.split('\n').find((one) => one.includes(part)) ?? ''
  const output = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }\n${line}`], { encoding: 'utf8' })
  return output.trimEnd().split('\n')
}

describe('welcome', () => {
  it('has a command that a shell passes on as one call with three events', () => {
    const command = text.slice(text.indexOf('  curl -s http'), text.indexOf("]}'") + 3)
    const shown = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }\n${command}`], { encoding: 'utf8' })
    assert.ok(shown.startsWith('-s\nhttp://127.0.0.1:8585/track\n-H\nContent-Type: application/json\n-d\n{'))
    const body = JSON.parse(shown.slice(shown.indexOf('{')))
    assert.equal(body.source.id, 'shop')
    assert.equal(body.events.length, 3)
  })

  it('looks for the events in the index of the stack', () => {
    assert.deepEqual(shellWords(text, 'mine-event/_search'), [
      '-s',
      '-H',
      "@/my home's/elasticsearch.header",
      'http://localhost:9200/mine-event/_search?q=session.id:my-session&pretty',
    ])
  })

  it('asks for the backlog with the credential in a file, and by a command that finds its own', () => {
    assert.deepEqual(shellWords(text, '-H @/home/run/operator'), [
      '-s',
      '-H',
      '@/home/run/operator.header',
      'http://127.0.0.1:8686/queue/system/functions/backlog',
    ])
    assert.match(text, /^ {2}npm run cli -- backlog$/m)
  })

  it('says when the events can be found: after the bulk and the next refresh of the index', () => {
    const env = { BULK_TIMEOUT_SECONDS: '1', ELASTIC_REFRESH_INTERVAL_SECONDS: '2' }
    assert.match(textWith('native', env), /^Find them, about 3 s later:$/m)
  })

  it('says what to do next, with the source of the run', () => {
    const next = [...text.matchAll(/^ {2}(See|Watch|Browse|Send|Test) .*$/gm)].map(([line]) => line)
    assert.equal(next.length, 6)
    assert.match(text, /^ {2}See events live +npm run cli -- tail$/m)
    assert.match(text, /src="http:\/\/127\.0\.0\.1:8585\/tracker\/tracker\.js" data-source="shop"/)
    assert.match(text, /npm run load-test -- --events-per-second 50 --duration 30s$/m)
  })

  it('opens the console with the token, which stays in the browser', () => {
    assert.match(
      textWith('native', { PRIVATE_TOKEN: 'a%b' }),
      /^ {2}Console +http:\/\/127\.0\.0\.1:8686\/console#token=a%25b$/m,
    )
    assert.match(text, /^ {2}Console +http:\/\/127\.0\.0\.1:8686\/console$/m)
  })

  it('says how Pulsar is spoken to, and why not natively', () => {
    assert.match(text, /through the native client$/m)
    assert.match(textWith('websocket'), /through its WebSocket API, because pulsar-client is not installed$/m)
    assert.match(textWith('websocket', { PULSAR_TRANSPORT: 'websocket' }), /through its WebSocket API$/m)
    assert.doesNotMatch(textWith(undefined), /through/)
  })

  it('shows the addresses and the folders', () => {
    for (const shown of [
      'http://127.0.0.1:8686/console',
      '/queue/system/functions/backlog',
      ':8687/metrics',
      '/home/data',
      '/home/logs',
    ]) {
      assert.ok(text.includes(shown), shown)
    }
  })
})

describe('urlOf', () => {
  it('reaches a listener of all addresses under that of this machine', () => {
    assert.equal(urlOf('0.0.0.0', 1), 'http://127.0.0.1:1')
    assert.equal(urlOf('::', 1), 'http://127.0.0.1:1')
    assert.equal(urlOf('::1', 1), 'http://[::1]:1')
    assert.equal(urlOf('192.168.1.2', 1), 'http://192.168.1.2:1')
  })
})

describe('firstSource', () => {
  it('has a name also where there is no file', () => {
    assert.equal(firstSource('/nowhere/sources.json'), 'my-source')
  })
})
