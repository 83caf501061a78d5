/** What set-up found or did about one thing. `differs` is left as it is, and `detail` says why and what can be done. */
export interface SetUpStep {
  readonly what: string
  readonly state: 'created' | 'exists' | 'grown' | 'updated' | 'differs'
  readonly detail?: string
  /** Names what differs, for programs: `alias_missing`. */
  readonly code?: string
}
