import type { Input, Resource } from '@pulumi/pulumi'
import type { GatedServers } from '../kubernetes/budget-keeper.ts'

/** A Pulsar that API and workers can use: that of the stack, or an existing one. */
export interface PulsarEndpoint {
  readonly serviceUrl: string
  readonly adminUrl: string
}

/** The credentials of a program, and what must exist before it starts. */
export interface PulsarAccess {
  readonly endpoint: PulsarEndpoint
  /** How API and workers speak to it. @default 'native' */
  readonly transport?: 'native' | 'websocket'
  /** How many brokers it has, where they are of the program: set-up gives each its share of the topics. */
  readonly brokers?: number
  /** Secrets with a token in the key `token`, by program; nothing where Pulsar asks for none. */
  readonly tokenSecrets?: Readonly<Record<'admin' | 'api' | 'worker', string>>
  /** Changes with the tokens: programs read theirs when they start. */
  readonly tokenDigest?: Input<string>
  readonly dependsOn: readonly Resource[]
  /** Servers whose disruption budgets can follow their health. @default none */
  readonly gated?: readonly GatedServers[]
}
