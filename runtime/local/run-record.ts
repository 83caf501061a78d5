import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, toEnv } from '../config.ts'
import { authorizationsOf, SECRET_MODE } from './credentials.ts'
import type { Home } from './home.ts'
import type { Environment } from './settings.ts'

/** What commands on this machine need to know about an active run. */
export interface RunRecord {
  /** The settings of its programs, secrets included; those with their default are omitted. */
  readonly settings: Readonly<Record<string, string>>
  /** Its public listener. */
  readonly publicUrl: string
  /** The private listeners of its API and its worker. */
  readonly instances: readonly string[]
}

/** Files by which a person calls the listeners of a run: `curl -H @file`. Those that ask for no credential have none. */
export type HeaderFiles = Readonly<Record<keyof ReturnType<typeof authorizationsOf>, string | undefined>>

/** Where the servers are, and as whom to call them: settings that belong together, from one place or the other. */
export const ADDRESSES = ['PULSAR_HOST', 'PULSAR_API', 'ELASTIC_HOST'] as const
const CREDENTIALS = [
  'PULSAR_AUTH_TOKEN',
  'PULSAR_CA_FILE',
  'PULSAR_VERIFY_CERTS',
  'ELASTIC_HTTP_AUTH_USERNAME',
  'ELASTIC_HTTP_AUTH_PASSWORD',
  'ELASTIC_API_KEY',
  'ELASTIC_CA_FILE',
  'ELASTIC_VERIFY_CERTS',
] as const

/** Writes what the commands need, for the time of the run. @returns the files for people */
export function writeRunRecord(
  home: Home,
  config: Config,
  urls: Pick<RunRecord, 'publicUrl' | 'instances'>,
): HeaderFiles {
  removeRunRecord(home)
  const ownerOnly = 0o700
  mkdirSync(home.run, { mode: ownerOnly })
  const write = (path: string, text: string): string => {
    writeFileSync(path, `${text}\n`, { mode: SECRET_MODE })
    return path
  }
  write(recordFile(home), JSON.stringify({ settings: toEnv(config), ...urls } satisfies RunRecord, null, 2))
  const { operator, elasticsearch, pulsar } = authorizationsOf(config)
  const header = (name: string, value: string | undefined): string | undefined =>
    value === undefined ? undefined : write(join(home.run, `${name}.header`), `Authorization: ${value}`)
  return {
    operator: header('operator', operator),
    elasticsearch: header('elasticsearch', elasticsearch),
    pulsar: header('pulsar', pulsar),
  }
}

export function removeRunRecord(home: Home): void {
  rmSync(home.run, { recursive: true, force: true })
}

export function recordFile(home: Home): string {
  return join(home.run, 'environment.json')
}

/**
 * The environment of a command on a run. What the user has set wins, but for credentials: those of another place would
 * be sent to the servers of this run.
 */
export function environmentOn(run: RunRecord, env: Environment): Environment {
  const given = Object.entries(env).filter(([, value]) => (value ?? '').trim() !== '')
  const ofTheRun = [...ADDRESSES, ...CREDENTIALS].map((name) => [name, run.settings[name] ?? ''])
  return { ...run.settings, ...Object.fromEntries(given), ...Object.fromEntries(ofTheRun) }
}
