import type { Config } from '../config.ts'
import type { NeededPort } from './port.ts'
import { type LocalSettings, localSettings } from './settings.ts'

/** Which servers this run starts; the others are the user's, named in the environment. */
export interface Starts {
  readonly pulsar: boolean
  readonly elasticsearch: boolean
}

/**
 * The ports that must be free: those of addresses that a person uses. All others are chosen.
 *
 * @param bookiePort of a Pulsar that was started before; it is part of the identity of the bookie and cannot change.
 */
export function neededPorts(
  config: Pick<Config, 'publicPort' | 'privatePort'>,
  local: LocalSettings,
  starts: Starts,
  bookiePort: number | undefined,
): NeededPort[] {
  const ports: NeededPort[] = [
    { port: config.publicPort, purpose: 'where the API takes events', wayOut: set('PUBLIC_PORT') },
    { port: config.privatePort, purpose: 'the private listener of the API', wayOut: set('PRIVATE_PORT') },
  ]
  if (starts.pulsar) {
    const or = ', or PULSAR_HOST and PULSAR_API to a running Pulsar'
    ports.push(
      { port: local.pulsarPort, purpose: 'the broker of Pulsar', wayOut: set(localSettings.pulsarPort.env, or) },
      {
        port: local.pulsarApiPort,
        purpose: 'the admin API of Pulsar',
        wayOut: set(localSettings.pulsarApiPort.env, or),
      },
    )
    if (bookiePort !== undefined) {
      const wayOut = (): string => 'start again with `npm start -- --fresh`, which removes the data.'
      ports.push({ port: bookiePort, purpose: 'where the data of Pulsar was written', wayOut })
    }
  }
  if (starts.elasticsearch) {
    const or = ', or ELASTIC_HOST to a running Elasticsearch'
    ports.push({ port: local.elasticPort, purpose: 'Elasticsearch', wayOut: set(localSettings.elasticPort.env, or) })
  }
  return ports
}

function set(variable: string, or = ''): NeededPort['wayOut'] {
  return (freePort) => `set ${variable} to a free one (${variable}=${freePort} npm start)${or}.`
}
