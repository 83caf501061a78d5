import assert from 'node:assert/strict'
import { findBrowser } from '../../browser/find-browser.ts'

const machine = (env: Record<string, string>, ...files: string[]) => ({
  env,
  isFile: (path: string) => files.includes(path),
})

describe('the search for a browser', () => {
  it('takes the one that CHROMIUM names, and fails when it does not exist', () => {
    const env = { CHROMIUM: '/opt/chrome', PATH: '/usr/bin' }
    assert.equal(findBrowser(machine(env, '/opt/chrome', '/usr/bin/chromium')), '/opt/chrome')
    assert.throws(() => findBrowser(machine(env, '/usr/bin/chromium')), {
      message: 'CHROMIUM is "/opt/chrome", but there is no such file',
    })
  })

  it('looks for the usual names in every folder of PATH, Chromium first', () => {
    const env = { PATH: '/usr/local/bin::/usr/bin' }
    assert.equal(findBrowser(machine(env, '/usr/local/bin/google-chrome', '/usr/bin/chromium')), '/usr/bin/chromium')
    assert.equal(findBrowser(machine(env, '/usr/bin/google-chrome')), '/usr/bin/google-chrome')
    assert.equal(findBrowser(machine({}, '/chromium')), undefined)
  })

  it('looks where the installers of macOS and Windows put it', () => {
    const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    assert.equal(findBrowser(machine({ PATH: '/usr/bin' }, chrome)), chrome)
  })

  it('says when there is none', () => {
    assert.equal(findBrowser(machine({ PATH: '/usr/bin' })), undefined)
  })
})
