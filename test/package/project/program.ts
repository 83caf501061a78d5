import { Platform, type PlatformArgs, Pulsar } from 'tracardi-at-scale'

/** What a user of the package writes: two Pulsar clusters in a namespace that exists, and a platform. */
const zones = ['a', 'b', 'c']
const orders = new Pulsar('orders', { namespace: 'queues', zones, broker: { replicas: 2, memoryMib: 2048 } })
const billing = new Pulsar('billing', { namespace: 'queues', environment: 'staging', proxy: { replicas: 1 } })

const args: PlatformArgs = {
  namespace: 'events',
  zones,
  runtimeImage: `registry.example.com/tracardi-at-scale@sha256:${'1'.repeat(64)}`,
  workers: { replicas: 2 },
  settings: { bulkSize: 1000 },
  sources: { shop: { name: 'Shop', allowedOrigins: ['https://shop.example.com'] } },
}
const events = new Platform('events', args)

export const ordersUrl: string = orders.endpoint.serviceUrl
export const billingUrl: string = billing.endpoint.serviceUrl
export const trackUrl: string = events.trackUrl
