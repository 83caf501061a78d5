import type { Settings } from './settings.ts'

/** What the browser says for its user. */
export interface PrivacySignals {
  readonly doNotTrack: boolean
  readonly globalPrivacyControl: boolean
}

/** `pending`: events are held in memory; nothing is stored or sent until the visitor has decided. */
export type Permission = 'granted' | 'pending' | 'denied'

type PrivacySettings = Pick<Settings, 'respectDoNotTrack' | 'respectGlobalPrivacyControl' | 'requireConsent'>

/** @param consent what the visitor has said: `yes` or `no`, `undefined` for nothing yet. */
export function permissionOf(
  settings: PrivacySettings,
  signals: PrivacySignals,
  consent: string | undefined,
): Permission {
  if (settings.respectDoNotTrack && signals.doNotTrack) return 'denied'
  if (settings.respectGlobalPrivacyControl && signals.globalPrivacyControl) return 'denied'
  if (consent === 'no') return 'denied'
  return consent || !settings.requireConsent ? 'granted' : 'pending'
}
