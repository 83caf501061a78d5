import type { Config } from '../config.ts'

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
