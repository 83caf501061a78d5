import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'

/** The secrets of the run on one machine. They are generated once for a home folder and outlive `--fresh`. */
export interface Credentials {
  /** The key with which Pulsar checks tokens, 256 bits in base64. */
  readonly pulsarKey: string
  /** The password of the user of Elasticsearch. */
  readonly elasticPassword: string
  /** PRIVATE_TOKEN, unless the user has set one. */
  readonly privateToken: string
}

const NAMES = ['pulsarKey', 'elasticPassword', 'privateToken'] as const satisfies readonly (keyof Credentials)[]

const SECRET_BYTES = 32
/** Nobody but the owner may read what holds a secret. */
export const SECRET_MODE = 0o600

export function generateCredentials(): Credentials {
  return {
    pulsarKey: randomBytes(SECRET_BYTES).toString('base64'),
    // Both are typed into command lines and addresses: no character that a shell or a URL would take apart.
    elasticPassword: randomBytes(SECRET_BYTES).toString('base64url'),
    privateToken: randomBytes(SECRET_BYTES).toString('base64url'),
  }
}

/**
 * The credentials in the file, which is written first where there is none.
 *
 * @throws AppError `local_run` when the file holds something else.
 */
export function ensureCredentials(file: string): Credentials {
  const generated = `${JSON.stringify(generateCredentials(), null, 2)}\n`
  try {
    writeFileSync(file, generated, { flag: 'wx', mode: SECRET_MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // It may have been copied without its mode.
    chmodSync(file, SECRET_MODE)
  }
  return parseCredentials(readFileSync(file, 'utf8'), file)
}

function parseCredentials(text: string, file: string): Credentials {
  try {
    const content = JSON.parse(text) as Record<string, unknown>
    if (NAMES.every((name) => typeof content[name] === 'string' && content[name] !== '')) {
      return content as unknown as Credentials
    }
  } catch {
    // The same fault: somebody has changed the file.
  }
  throw new AppError(
    'local_run',
    `The file ${file} does not hold the credentials of the run (${NAMES.join(', ')}). ` +
      'Delete it: the next start generates new ones, and the data stays readable.',
  )
}

/** The value of the header `Authorization` for a token; nothing for none. */
export function bearer(token: string): string | undefined {
  return token === '' ? undefined : `Bearer ${token}`
}

/** The same for a user and a password; nothing without a user. */
export function basic(username: string, password: string): string | undefined {
  return username === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** The listeners for people, and the header for each; those without a credential are omitted. */
export function authorizationsOf(
  config: Config,
): Readonly<Record<'operator' | 'elasticsearch' | 'pulsar', string | undefined>> {
  const { privateToken, elasticApiKey, elasticUsername, elasticPassword, pulsarAuthToken } = config
  return {
    operator: bearer(privateToken),
    elasticsearch: elasticApiKey === '' ? basic(elasticUsername, elasticPassword) : `ApiKey ${elasticApiKey}`,
    pulsar: bearer(pulsarAuthToken),
  }
}
