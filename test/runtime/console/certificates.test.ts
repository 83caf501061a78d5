import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { certificatesOf } from '../../../runtime/console/certificates.ts'

const DAY_MS = 86_400_000

describe('the certificates of servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  let secured: Server
  let silent: Server
  before(async () => {
    const subject = ['-subj', '/CN=localhost', '-days', '30', '-keyout', key, '-out', cert]
    const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', ...options, ...subject], { stdio: 'ignore' })
    secured = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) })
    silent = createServer()
    for (const server of [secured, silent]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    for (const server of [secured, silent]) server.close()
    rmSync(folder, { recursive: true })
  })
  const portOf = (server: Server) => (server.address() as AddressInfo).port

  it('have their end, whether somebody trusts them or not', async () => {
    const urls = [`https://127.0.0.1:${portOf(secured)}`, `https://localhost:${portOf(secured)}`]
    const found = await certificatesOf([...urls, ...urls])
    assert.deepEqual(
      found.map(({ url }) => url),
      urls,
    )
    for (const { endsAtMs } of found) assert.equal(Math.round((endsAtMs - Date.now()) / DAY_MS), 30)
  })

  it('are none without TLS, without an answer, or without a server', async () => {
    const urls = ['http://127.0.0.1:1', `https://127.0.0.1:${portOf(silent)}`, 'https://127.0.0.1:1', 'https://[::1]']
    assert.deepEqual(await certificatesOf(urls, 50), [])
  })
})
