import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig } from '../config.ts'
import { type RunAs, serverUser } from './child.ts'
import type { Credentials } from './credentials.ts'
import { type Home, homeFolder, homeIn } from './home.ts'
import type { Starts } from './ports.ts'
import { programEnvironment, withCredentials } from './programs.ts'
import { type Environment, type LocalSettings, loadLocalSettings } from './settings.ts'

/** Everything that is known before anything is done. */
export interface LocalPlan {
  readonly home: Home
  readonly local: LocalSettings
  readonly runAs: RunAs | undefined
  readonly starts: Starts
  /** The environment of the programs, and the configuration that they will read from it. */
  readonly env: Environment
  readonly config: Config
  /** Each server's own folder. */
  readonly pulsarFolder: string
  readonly elasticsearchFolder: string
}

export interface AuthenticatedPlan extends LocalPlan {
  readonly credentials: Credentials
}

/** @throws AppError `local_run` or `config_invalid`, with every fault of the environment. */
export function makePlan(user: Environment, uid: number | undefined = process.getuid?.()): LocalPlan {
  const local = loadLocalSettings(user)
  const home = homeIn(homeFolder(user, local.home, uid, homedir()))
  const named = (variable: string): boolean => (user[variable] ?? '').trim() !== ''
  const starts = {
    pulsar: !named('PULSAR_HOST') && !named('PULSAR_API'),
    elasticsearch: !named('ELASTIC_HOST'),
  }
  const env = programEnvironment(user, home.sourcesFile, {
    pulsar: starts.pulsar
      ? {
          serviceUrl: `pulsar://127.0.0.1:${local.pulsarPort}`,
          adminUrl: `http://127.0.0.1:${local.pulsarApiPort}`,
        }
      : undefined,
    elasticsearch: starts.elasticsearch ? { url: `http://127.0.0.1:${local.elasticPort}` } : undefined,
  })
  return {
    home,
    local,
    runAs: serverUser(uid),
    starts,
    env,
    config: loadConfig(env),
    pulsarFolder: join(home.data, 'pulsar'),
    elasticsearchFolder: join(home.data, 'elasticsearch'),
  }
}

/** The plan with the credentials of its home folder, which exist only once the folder exists. */
export function planWith(plan: LocalPlan, credentials: Credentials): AuthenticatedPlan {
  const env = withCredentials(plan.env, plan.starts, credentials)
  return { ...plan, env, config: loadConfig(env), credentials }
}
