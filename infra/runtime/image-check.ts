import * as k8s from '@pulumi/kubernetes'
import { type CustomResourceOptions, type Input, output } from '@pulumi/pulumi'
import { checksum } from '../kubernetes/config-files.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import type { Site } from '../kubernetes/site.ts'

/** So little that it finds room on a node that is full for everything else. */
const RESOURCES = { cpuMillicores: 10, memoryMib: 64 }

/**
 * How long an update waits for the pod, in minutes: long enough for a slow registry, or for a node that a cluster adds. The
 * update shows much sooner what the pod waits for.
 */
const WAIT_MINUTES = 4

/**
 * A pod that starts the image of API, workers and set-up once, and ends. While it waits, the engine shows the warnings of its
 * events, such as `ErrImagePull` and `FailedScheduling`. Of the pods of a Job it shows none, so a Job would wait in silence.
 *
 * A pod never changes, so its name carries a digest of all of it: another image is another pod.
 */
export function imageCheck(
  name: string,
  site: Site,
  image: Input<string>,
  opts: CustomResourceOptions,
): k8s.core.v1.Pod {
  const template = podTemplate({
    site,
    tier: 'set-up',
    ...RUNTIME_USER,
    graceSeconds: 30,
    zones: site.zones,
    restartPolicy: 'OnFailure',
    containers: [{ name: 'image-check', image, command: ['node', '--version'], resources: RESOURCES }],
  })
  return new k8s.core.v1.Pod(
    name,
    {
      metadata: {
        name: output(template).apply((settled) => `${name}-${checksum(JSON.stringify(settled)).slice(0, 8)}`),
        namespace: site.namespace,
        labels: labelsOf(site, 'set-up'),
      },
      spec: template.spec as k8s.types.input.core.v1.PodSpec,
    },
    { ...opts, customTimeouts: { create: `${WAIT_MINUTES}m`, update: `${WAIT_MINUTES}m` } },
  )
}
