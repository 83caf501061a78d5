import assert from 'node:assert/strict'
import { permissionOf } from '../../../runtime/tracker/permission.ts'

const SETTINGS = { respectDoNotTrack: false, respectGlobalPrivacyControl: false, requireConsent: false }
const SIGNALS = { doNotTrack: true, globalPrivacyControl: true }
const NONE = { doNotTrack: false, globalPrivacyControl: false }

describe('permission to track', () => {
  it('is given where nothing says otherwise; signals count only when the page wants that', () => {
    assert.equal(permissionOf(SETTINGS, SIGNALS, undefined), 'granted')
    assert.equal(permissionOf({ ...SETTINGS, respectDoNotTrack: true }, NONE, undefined), 'granted')
  })

  it('is denied by Do Not Track and by Global Privacy Control, whatever was agreed to before', () => {
    for (const setting of ['respectDoNotTrack', 'respectGlobalPrivacyControl'] as const) {
      assert.equal(permissionOf({ ...SETTINGS, [setting]: true }, SIGNALS, 'yes'), 'denied')
    }
  })

  it('is pending until the visitor has decided, where consent is required', () => {
    const settings = { ...SETTINGS, requireConsent: true }
    assert.equal(permissionOf(settings, NONE, undefined), 'pending')
    assert.equal(permissionOf(settings, NONE, 'yes'), 'granted')
    assert.equal(permissionOf(settings, NONE, 'no'), 'denied')
  })

  it('is denied to a visitor who has refused, also where consent is not required', () => {
    assert.equal(permissionOf(SETTINGS, NONE, 'no'), 'denied')
  })
})
