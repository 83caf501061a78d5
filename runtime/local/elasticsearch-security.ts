import { execFile } from 'node:child_process'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SECRET_MODE } from './credentials.ts'
import type { Java } from './java.ts'

type Settings = Readonly<Record<string, string | number | boolean>>

/** The only user of the Elasticsearch of a run. */
export const ELASTIC_USER = 'tracardi'

/** What closes the node: it asks for the user of `userFiles`. There is no other realm, and nothing else that logs in. */
const USER_SETTINGS: Settings = {
  'xpack.security.enabled': true,
  'xpack.security.autoconfiguration.enabled': false,
  'xpack.security.enrollment.enabled': false,
  'xpack.security.authc.reserved_realm.enabled': false,
  'xpack.security.authc.api_key.enabled': false,
  'xpack.security.authc.token.enabled': false,
  'xpack.security.authc.realms.native.native1.enabled': false,
  'xpack.security.authc.realms.file.file1.order': 0,
}

/**
 * The settings of a secured node. The transport port accepts only the node itself: its certificate is the only
 * authority, and a new key is made at each start, in the folder of the configuration.
 */
export async function closedNodeSettings(confFolder: string, java: Java): Promise<Settings> {
  const keyStore = join(confFolder, 'transport.p12')
  const certificate = join(confFolder, 'transport.pem')
  const password = randomBytes(24).toString('base64url')
  const keytool = async (...args: string[]): Promise<unknown> =>
    promisify(execFile)(
      join(java.home, 'bin/keytool'),
      // The password by the environment, because everybody on the machine can read command lines.
      [...args, '-alias', 'node', '-keystore', keyStore, '-storepass:env', 'STORE_PASSWORD'],
      { env: { STORE_PASSWORD: password } },
    )
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=local', '-validity', '3650']
  await keytool('-genkeypair', '-storetype', 'PKCS12', ...key)
  await keytool('-exportcert', '-rfc', '-file', certificate)
  await chmod(keyStore, SECRET_MODE)
  const ssl = 'xpack.security.transport.ssl'
  return {
    ...USER_SETTINGS,
    [`${ssl}.enabled`]: true,
    [`${ssl}.client_authentication`]: 'required',
    [`${ssl}.verification_mode`]: 'certificate',
    [`${ssl}.keystore.path`]: keyStore,
    [`${ssl}.keystore.password`]: password,
    [`${ssl}.certificate_authorities`]: certificate,
  }
}

/** The files of the file realm in the configuration of the node, by name. */
export function userFiles(password: string): Readonly<Record<string, string>> {
  return { users: `${ELASTIC_USER}:${hashed(password)}\n`, users_roles: `superuser:${ELASTIC_USER}\n` }
}

const ITERATIONS = 10_000
const HASH_BYTES = 32

/** A hash as Elasticsearch writes it with `pbkdf2_10000`. */
function hashed(password: string): string {
  const salt = randomBytes(HASH_BYTES)
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, 'sha512')
  return `{PBKDF2}${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`
}
