import type { SharedConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { partitionNumber, type Topics, topicsOf } from '../names.ts'
import type { PulsarAdmin } from './admin.ts'
import { loadPulsarModule, nativeTransport } from './native.ts'
import type { Transport } from './port.ts'
import { webSocketTransport } from './websocket.ts'

/**
 * The transport that PULSAR_TRANSPORT asks for; `auto` takes the native client where it loads, and says which it took.
 *
 * @throws AppError `native_transport_missing` when `native` is asked for and the client does not load.
 */
export async function connectQueue(config: SharedConfig, admin: PulsarAdmin, log: Logger): Promise<Transport> {
  return onlyAfterSetUp(await chooseTransport(config, log), admin, topicsOf(config))
}

async function chooseTransport(config: SharedConfig, log: Logger): Promise<Transport> {
  if (config.pulsarTransport === 'websocket') return webSocketTransport(config)
  const nativeLog = log.child({ component: 'pulsar-client' })
  try {
    const pulsar = await loadPulsarModule()
    log.info({ transport: 'native' }, 'queue transport chosen')
    return nativeTransport(pulsar, config, (level, message) => nativeLog[level](message))
  } catch (error) {
    const missing = error instanceof AppError && error.code === 'native_transport_missing'
    if (!missing || config.pulsarTransport === 'native') throw error
    log.info({ transport: 'websocket', why: 'pulsar-client is not installed' }, 'queue transport chosen')
    return webSocketTransport(config)
  }
}

/**
 * Opens nothing before set-up has made it. A broker makes a topic that is asked for and not there, without partitions,
 * which it then could never get; and what is published while the subscription is missing waits for nobody.
 */
function onlyAfterSetUp(transport: Transport, admin: PulsarAdmin, topics: Topics): Transport {
  const subscriptions: Readonly<Record<string, string>> = {
    [topics.events]: topics.eventsSubscription,
    [topics.deadLetters]: topics.deadLettersSubscription,
  }
  const assertExists = async (topic: string) => {
    // Partitions are opened for publishing only where a reader was found.
    if (partitionNumber(topics.events, topic) !== undefined) return
    // Statistics, since who may only produce may not ask for subscriptions.
    const stats = Object.values(await admin.stats(topic, false))
    if (stats.length === 0) throw new AppError('set_up_missing', `the topic ${topic} does not exist: run set-up`)
    const subscription = subscriptions[topic]
    if (subscription !== undefined && !stats.every(({ subscriptions: found }) => subscription in found)) {
      throw new AppError('set_up_missing', `the subscription ${subscription} of ${topic} does not exist: run set-up`)
    }
  }
  return {
    name: transport.name,
    openProducer: async (options, onClosed) => {
      await assertExists(options.topic)
      return transport.openProducer(options, onClosed)
    },
    openConsumer: async (options, onClosed) => {
      await assertExists(options.topic)
      return transport.openConsumer(options, onClosed)
    },
    openReader: (options, onClosed) => transport.openReader(options, onClosed),
    close: () => transport.close(),
  }
}
