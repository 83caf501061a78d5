import type { ProviderResource, ResourceTransformation } from '@pulumi/pulumi'

const AWAITED: readonly string[] = [
  'kubernetes:batch/v1:Job',
  'kubernetes:apps/v1:Deployment',
  'kubernetes:apps/v1:StatefulSet',
]

/**
 * Lets a stack continue after its engine was killed. An `up` waits for minutes until Jobs, Deployments and brokers are ready. An engine that is
 * killed meanwhile has created the object and has not recorded it, and the next `up` would stop because the object exists.
 *
 * What holds data is never adopted: if the address of such a resource changed by mistake, the engine would adopt the object under
 * the new address, and then delete it under the old one.
 *
 * @param adopting a provider of the same cluster, with `upsertExistingObjects` and the `clusterIdentifier` of the other one.
 */
export function adoptsWhatIsAwaited(adopting: ProviderResource): ResourceTransformation {
  return ({ type, props, opts }) => {
    if (!AWAITED.includes(type) || hasClaims(props)) return undefined
    return { props, opts: { ...opts, provider: adopting } }
  }
}

function hasClaims(props: { readonly spec?: { readonly volumeClaimTemplates?: readonly unknown[] } }): boolean {
  return (props.spec?.volumeClaimTemplates ?? []).length > 0
}
