import assert from 'node:assert/strict'
import { withDefaults } from '../../../infra/config/defaults.ts'
import { canaryPorts, canaryUrlOf } from '../../../infra/runtime/canary-url.ts'

const SERVICE = 'http://api.tracardi.svc.cluster.local:8585'
const host = { ingressHost: 'events.example.com' }

describe('the address that the canary calls', () => {
  const cases: readonly (readonly [string, Record<string, unknown>, string, readonly number[]])[] = [
    ['the Service, where nothing else is stated', {}, SERVICE, []],
    ['the Ingress', host, 'http://events.example.com', [80, 8000, 8080]],
    ['the Ingress with TLS', { ...host, ingressTlsSecret: 'tls' }, 'https://events.example.com', [443, 8443]],
    [
      'the stated one, before the Ingress',
      { ...host, canaryUrl: 'https://cdn.example.com' },
      'https://cdn.example.com',
      [443, 8443],
    ],
    ['the stated port alone', { canaryUrl: 'http://api:8585' }, 'http://api:8585', [8585]],
    ['none, where there is no canary', { ...host, canaryUrl: 'https://cdn.example.com', canary: false }, '', []],
  ]
  for (const [what, settings, url, ports] of cases) {
    it(`is ${what}`, () => {
      const api = withDefaults('api', 'api', settings)
      assert.equal(canaryUrlOf(api, SERVICE), url)
      assert.deepEqual(canaryPorts(api), ports)
    })
  }

  for (const wrong of [
    'events.example.com',
    'https://events.example.com/',
    'https://user@events.example.com',
    'ftp://x',
  ]) {
    it(`is refused: ${wrong}`, () => {
      assert.throws(() => withDefaults('api', 'api', { canaryUrl: wrong }), /canaryUrl/)
    })
  }
})
