import { AppError } from '../errors.ts'
import { type EnvSetting, readSetting, type ValueOf } from '../setting.ts'

const PORT = { type: 'integer', minimum: 1, maximum: 65535 } as const

/** Settings of the one-machine run only. All others are settings of the runtime, see `config.ts`. */
export const localSettings = {
  home: {
    env: 'TRACARDI_HOME',
    type: 'string',
    default: '',
    description: 'Folder of the one-machine run: servers, data, logs. Chosen for the user when empty.',
  },
  pulsarPort: {
    env: 'TRACARDI_PULSAR_PORT',
    ...PORT,
    default: 6650,
    description: 'Port of the broker that the one-machine run starts.',
  },
  pulsarApiPort: {
    env: 'TRACARDI_PULSAR_API_PORT',
    ...PORT,
    default: 8080,
    description: 'Admin port of the Pulsar that the one-machine run starts.',
  },
  elasticPort: {
    env: 'TRACARDI_ELASTIC_PORT',
    ...PORT,
    default: 9200,
    description: 'Port of the Elasticsearch that the one-machine run starts.',
  },
} as const satisfies Record<string, EnvSetting>

type Settings = typeof localSettings
export type LocalSettings = { readonly [K in keyof Settings]: ValueOf<Settings[K]> }

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads the settings of the one-machine run from an environment. Reports all faults together. */
export function loadLocalSettings(env: Environment): LocalSettings {
  const readings = Object.entries<EnvSetting>(localSettings).map(([key, setting]) => {
    const reading = readSetting(setting, env[setting.env])
    return 'fault' in reading
      ? { key, fault: `${setting.env} is "${env[setting.env]}"; allowed: ${reading.fault}` }
      : { key, value: reading.value }
  })
  const faults = readings.flatMap(({ fault }) => fault ?? [])
  if (faults.length > 0) throw new AppError('local_run', faults.join('\n'), { context: { faults } })
  return Object.freeze(Object.fromEntries(readings.map(({ key, value }) => [key, value]))) as unknown as LocalSettings
}
