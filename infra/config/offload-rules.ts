import type { Plan } from './resolved.ts'
import { type Rule, rule } from './rule.ts'

/** Where a Pulsar offloads to, and with which image. */
export interface OffloadShape {
  readonly offload: Plan['offload']
  /** The image of Pulsar, where it is known before the update. */
  readonly image: unknown
}

/** The name of an image without registry, tag and digest: `pulsar` of `apachepulsar/pulsar:4.0.6`. */
function nameOf(image: unknown): string {
  return String(image).replace(/@.*$/, '').replace(/^.*\//, '').replace(/:.*$/, '')
}

/** What holds for every Pulsar that offloads ledgers. Where it does not, the other keys have no effect. */
export const offloadRules: readonly Rule<OffloadShape>[] = [
  rule(
    'offload_bucket_missing',
    ({ offload }) => ({ type: offload.type }),
    ({ offload: o }) =>
      o.type !== 'none' && o.bucket === ''
        ? `offload.type is ${o.type}, but offload.bucket is empty; name the bucket or container`
        : undefined,
  ),
  rule(
    'offload_region_missing',
    ({ offload }) => ({ type: offload.type }),
    ({ offload: o }) =>
      (o.type === 's3' && o.region === '' && o.endpoint === '') || (o.type === 'gcs' && o.region === '')
        ? `offload.type is ${o.type}, but offload.region is empty; the offloader does not start without: state the region of the bucket${o.type === 's3' ? ', or offload.endpoint of an S3-compatible store' : ''}`
        : undefined,
  ),
  rule(
    'offload_credentials_missing',
    ({ offload }) => ({ type: offload.type }),
    ({ offload: o }) =>
      (o.type === 'gcs' || o.type === 'azure' || (o.type === 's3' && o.endpoint !== '')) && o.credentialsSecret === ''
        ? `offload.type is ${o.type}${o.type === 's3' ? ' with an endpoint' : ''}, but offload.credentialsSecret is empty; Pulsar's offloader for it knows no workload identity: name the Secret with its key`
        : undefined,
  ),
  rule(
    'offload_image_without_offloaders',
    ({ image }) => ({ image: String(image) }),
    ({ offload: o, image }) =>
      o.type !== 'none' && nameOf(image) === 'pulsar'
        ? `offload.type is ${o.type}, and images.pulsar is ${image}; an image of that name has no offloaders, and brokers would not start: use apachepulsar/pulsar-all, or one of another name that has them in /pulsar/offloaders`
        : undefined,
  ),
]
