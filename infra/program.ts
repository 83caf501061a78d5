import { fileURLToPath } from 'node:url'
import * as k8s from '@pulumi/kubernetes'
import * as pulumi from '@pulumi/pulumi'
import { billOf } from './bill.ts'
import { planFromEngine, statedWithoutSecrets } from './config/pulumi.ts'
import { examineFirst } from './doctor/first-step.ts'
import { Images } from './images.ts'
import { adoptsWhatIsAwaited } from './kubernetes/adoption.ts'
import { Platform } from './platform.ts'
import { DEFAULT_PRICES } from './sizing/prices.ts'
import { platformSettings } from './stack-args.ts'

/** The Pulumi program: reads the stack's configuration, settles every number, and registers the platform. */
const plan = planFromEngine(pulumi.getProject(), pulumi.runtime.allConfig())
for (const { code, message } of plan.findings) await pulumi.log.warn(`${code}: ${message}`)

if (pulumi.runtime.isDryRun())
  await examineFirst(plan.platform.doctor, statedWithoutSecrets(pulumi.getProject(), pulumi.runtime.allConfig()))

const cluster: k8s.ProviderArgs = {
  ...(plan.platform.context ? { context: plan.platform.context } : {}),
  // A context may be renamed. The guard refuses another cluster; the provider would recreate everything.
  clusterIdentifier: 'the cluster of the stack',
  // A cluster that does not answer has not lost its objects, whatever the environment says.
  deleteUnreachable: false,
  enableServerSideApply: true,
  // Changed in place, or everything that mentions them would be replaced with them.
  enableConfigMapMutable: true,
  enableSecretMutable: true,
}
const provider = new k8s.Provider('kubernetes', cluster)
const adopting = new k8s.Provider('kubernetes-adopting', { ...cluster, upsertExistingObjects: true })
/** The names of existing stacks: another prefix would recreate everything, with empty volumes. */
const prefix = ''
/** Of the label `app.kubernetes.io/instance`, which allows 63 characters. */
const instance = pulumi
  .getStack()
  .slice(0, 63)
  .replace(/[^A-Za-z0-9]+$/, '')
const root = fileURLToPath(new URL('../', import.meta.url))
const images = new Images('images', { ...plan.images, root, prefix })
const platform = new Platform(
  'platform',
  { ...platformSettings(plan), runtimeImage: images.runtime, prefix, instance },
  { providers: [provider], transformations: [adoptsWhatIsAwaited(adopting)] },
)

/** Where events are posted within the cluster. */
export const trackUrl = platform.trackUrl
/** What operators show to the console and the queue: `pulumi stack output consoleToken --show-secrets`. */
export const consoleToken = platform.consoleToken
/** The image of API and workers, for the next environment to promote. */
export const runtimeImage = images.runtime
/** For each number that the sizing model can derive, its value and why. */
export const sizing = Object.fromEntries(
  plan.reasons.map(({ key, value, from, reason }) => [key, from === 'derived' ? reason : `${value}: ${reason}`]),
)
/** What the stack costs a month by built-in list prices, so that a preview shows what a change costs. */
export const monthlyCost = `${Math.round(billOf(plan, DEFAULT_PRICES).month)} ${DEFAULT_PRICES.currency}`
