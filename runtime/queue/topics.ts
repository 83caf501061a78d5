import type { Config } from '../config.ts'

/** The names of the topics and subscriptions of one configuration. */
export interface Topics {
  readonly tenant: string
  readonly namespace: string
  readonly events: string
  readonly eventsSubscription: string
  readonly partitions: number
  readonly deadLetters: string
  readonly deadLettersSubscription: string
}

export function topicsOf(config: Config): Topics {
  const { pulsarTenant: tenant, pulsarNamespace: namespace, pulsarTopic, pulsarSubscription } = config
  return {
    tenant,
    namespace,
    events: topicName(tenant, namespace, pulsarTopic),
    eventsSubscription: pulsarSubscription,
    partitions: config.pulsarPartitions,
    // The name that Pulsar's own clients give to a dead-letter topic.
    deadLetters: topicName(tenant, namespace, `${pulsarTopic}-${pulsarSubscription}-DLQ`),
    deadLettersSubscription: 'dead-letters',
  }
}

export function topicName(tenant: string, namespace: string, topic: string): string {
  return `persistent://${tenant}/${namespace}/${topic}`
}

/** `persistent://a/b/c` as it stands in the paths of the admin and WebSocket APIs: `persistent/a/b/c`. */
export function topicPath(name: string): string {
  return name.replace('://', '/').split('/').map(encodeURIComponent).join('/')
}
