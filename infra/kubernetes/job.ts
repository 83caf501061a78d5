import * as k8s from '@pulumi/kubernetes'
import { type CustomResourceOptions, type Input, output } from '@pulumi/pulumi'
import { labelsOf } from './labels.ts'
import type { PodTemplate } from './pod.ts'
import type { Site } from './site.ts'

/**
 * A Job of the set-up. Its name carries a digest of what it is to bring about, so that a change makes a new one beside the
 * old, and what did not change does not run again. Every such Job looks at the state first: it may run at any time, twice.
 *
 * @param digest what tells one run from another: everything that the Job brings about.
 */
export function setUpJob(
  site: Site,
  name: string,
  digest: Input<string>,
  template: PodTemplate,
  opts: CustomResourceOptions,
): k8s.batch.v1.Job {
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: {
        name: output(digest).apply((text) => `${name}-${text.slice(0, 8)}`),
        namespace: site.namespace,
        labels: labelsOf(site, 'set-up'),
        annotations: { 'pulumi.com/replaceUnready': 'true' },
      },
      spec: {
        backoffLimit: 10,
        activeDeadlineSeconds: 1200,
        completions: 1,
        parallelism: 1,
        template,
      },
    },
    { ...opts, customTimeouts: { create: '20m' } },
  )
}
