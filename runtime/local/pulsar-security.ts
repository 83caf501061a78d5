import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AppError } from '../errors.ts'
import { SECRET_MODE } from './credentials.ts'

/** The only role there is: set-up, the programs and the broker itself. */
const ROLE = 'admin'
const SASL_CLIENT = 'org.apache.bookkeeper.sasl.SASLClientProviderFactory'
const BOOKIE_USER = 'pulsar'

/** The token of the superuser, signed with a key in base64; the same key makes the same token. */
export function pulsarToken(key: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${part({ alg: 'HS256' })}.${part({ sub: ROLE })}`
  return `${content}.${createHmac('sha256', Buffer.from(key, 'base64')).update(content).digest('base64url')}`
}

export interface PulsarSecurity {
  /** What closes Pulsar in `standalone.conf`: the broker takes tokens, the bookie knows the broker alone. */
  readonly conf: Readonly<Record<string, string>>
  /** Option of the JVM. */
  readonly jvmOption: string
}

/**
 * Writes the secrets into the folder of the configuration. They are files of their own, because Pulsar writes every
 * line of its configuration to its log.
 */
export function securePulsar(confFolder: string, key: string): PulsarSecurity {
  const secretFile = (name: string, content: string | Buffer): string => {
    const path = join(confFolder, name)
    writeFileSync(path, content, { mode: SECRET_MODE })
    return path
  }
  const keyFile = secretFile('token.key', Buffer.from(key, 'base64'))
  const tokenFile = secretFile('token', pulsarToken(key))
  return {
    conf: {
      authenticationEnabled: 'true',
      authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
      authenticateMetricsEndpoint: 'true',
      tokenSecretKey: pathToFileURL(keyFile).href,
      superUserRoles: ROLE,
      brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
      brokerClientAuthenticationParameters: pathToFileURL(tokenFile).href,
      bookieAuthProviderFactoryClass: 'org.apache.bookkeeper.sasl.SASLBookieAuthProviderFactory',
      saslJaasClientAllowedIds: BOOKIE_USER,
      // The bookie's own clients, and those of the broker.
      clientAuthProviderFactoryClass: SASL_CLIENT,
      bookkeeperClientAuthenticationPlugin: SASL_CLIENT,
    },
    jvmOption: `-Djava.security.auth.login.config=${secretFile('bookie-login.conf', bookieLogin(key))}`,
  }
}

/** The configuration of JAAS by which broker and bookie know each other. */
function bookieLogin(key: string): string {
  const password = createHmac('sha256', Buffer.from(key, 'base64')).update('bookie').digest('base64url')
  const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required'
  return `Bookie {
  ${module} user_${BOOKIE_USER}="${password}";
};
BookKeeper {
  ${module} username="${BOOKIE_USER}" password="${password}";
};
`
}

type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'internal' | 'address'>[] | undefined>>

/**
 * The name of the interface that has 127.0.0.1: `lo` on Linux, `lo0` on macOS.
 *
 * @throws AppError `local_run` when there is none.
 */
export function loopbackInterface(interfaces: Interfaces = networkInterfaces()): string {
  const found = Object.entries(interfaces).find(([, addresses = []]) =>
    addresses.some(({ internal, address }) => internal && address === '127.0.0.1'),
  )
  if (found) return found[0]
  throw new AppError(
    'local_run',
    `No network interface has the address 127.0.0.1; there are ${Object.keys(interfaces).join(', ') || 'none'}. ` +
      'Pulsar listens there and nowhere else: bring the loopback interface up (ip link set lo up).',
  )
}
