import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCredentials } from '../../../runtime/local/credentials.ts'

describe('ensureCredentials', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'credentials-'))
    file = join(folder, 'credentials.json')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const mode = () => statSync(file).mode & 0o777

  it('generates 256 bits each, which nobody but the owner may read', () => {
    const { pulsarKey, elasticPassword, privateToken } = ensureCredentials(file)
    assert.equal(Buffer.from(pulsarKey, 'base64').length, 32)
    for (const secret of [elasticPassword, privateToken]) assert.match(secret, /^[\w-]{43}$/)
    assert.equal(mode(), 0o600)
  })

  it('are the same at the next start, and other ones in another home', () => {
    const first = ensureCredentials(file)
    chmodSync(file, 0o644)
    assert.deepEqual(ensureCredentials(file), first)
    assert.equal(mode(), 0o600)
    assert.notDeepEqual(ensureCredentials(join(folder, 'other.json')), first)
  })

  for (const content of ['', '[]', '{"pulsarKey":"a","elasticPassword":"","privateToken":"c"}']) {
    it(`refuses ${content || 'an empty file'}, and says that it can be deleted`, () => {
      writeFileSync(file, content)
      assert.throws(() => ensureCredentials(file), {
        code: 'local_run',
        message:
          `The file ${file} does not hold the credentials of the run (pulsarKey, elasticPassword, privateToken). ` +
          'Delete it: the next start generates new ones, and the data stays readable.',
      })
    })
  }
})
