import { faultOf, StackConfigError } from '../config/errors.ts'
import type { Plan } from '../config/resolved.ts'
import { authorityConfig } from '../elasticsearch/certificates.ts'
import { passwordSecret } from '../elasticsearch/users.ts'
import { PLATFORM, selectorOf } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { RUNTIME_USER } from '../kubernetes/runtime-user.ts'
import { hostOf } from '../kubernetes/site.ts'
import type { Tier } from '../kubernetes/tiers.ts'
import { tokenSecret } from '../pulsar/tokens.ts'
import {
  containerEnv,
  MONITORING_PORT,
  PUBLIC_PORT,
  type RuntimeAccess,
  runtimeVolumes,
} from '../runtime/environment.ts'

export interface LoadTestJobArgs {
  readonly plan: Plan
  readonly image: string
  /** Of the Job and of its other objects. */
  readonly name: string
  /** By which it asks for CPU. */
  readonly eventsPerSecond: number
  /** Of the command, but for where the platform is. */
  readonly flags: readonly string[]
  /** After which the Job is ended. */
  readonly deadlineSeconds: number
}

/** By which the objects of a load test are found, and deleted. */
const LOAD_TEST_LABEL = 'tracardi.com/load-test'

/** Measured 125 µs of CPU for each event that is sent and compared; one process can use two cores. */
const CPU = { idleMillicores: 100, microsPerEvent: 200, mostMillicores: 2000 }
const MEMORY_MIB = 1024
const KEPT_SECONDS = 86_400
/** The stack, as its program has it. */
const SITE = { partOf: PLATFORM, instance: PLATFORM }
/** Tiers whose metrics it reads. */
const READ: readonly Tier[] = ['api', 'worker']

/**
 * What a load test in the cluster needs, as objects of Kubernetes: the Job, a headless Service over the monitoring listeners of
 * each tier, and NetworkPolicies that let it reach them. A load test is no part of the stack, so the engine knows nothing of it.
 *
 * @throws StackConfigError when the servers are not of the stack: the credentials are in secrets that its file does not contain.
 */
export function loadTestObjects(args: LoadTestJobArgs): readonly object[] {
  const { plan, name } = args
  if (plan.pulsar.serviceUrl !== '' || plan.elasticsearch.url !== '') {
    throw new StackConfigError([
      faultOf(
        'servers_external',
        'a Job is possible only for a stack with its own Pulsar and Elasticsearch: run npm run load-test where these can be reached',
      ),
    ])
  }
  const meta = (suffix: string) => ({
    name: `${name}${suffix}`,
    namespace: plan.platform.namespace,
    labels: labelsOfRun(name),
  })
  return [
    ...READ.map((tier) => listenersOf(meta(`-${tier}`), tier)),
    ...policies(meta, name),
    { apiVersion: 'batch/v1', kind: 'Job', metadata: meta(''), spec: jobSpec(args) },
  ]
}

/** It is a visitor to the tier that may reach Pulsar and Elasticsearch, and none of the engine's. */
function labelsOfRun(name: string) {
  return { ...selectorOf(SITE, 'set-up'), 'app.kubernetes.io/managed-by': 'load-test', [LOAD_TEST_LABEL]: name }
}

type Meta = (suffix: string) => { readonly name: string }

/** Its name has the address of every pod of the tier. */
function listenersOf(metadata: object, tier: Tier) {
  const ports = [{ name: 'monitoring', port: MONITORING_PORT, targetPort: MONITORING_PORT, protocol: 'TCP' }]
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { clusterIP: 'None', selector: selectorOf(SITE, tier), ports },
  }
}

function policies(meta: Meta, name: string): readonly object[] {
  const loadTest = { matchLabels: { [LOAD_TEST_LABEL]: name } }
  const port = (number: number) => ({ protocol: 'TCP', port: number })
  const policy = (suffix: string, spec: object) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: meta(suffix),
    spec,
  })
  const reach = (tier: Tier, ports: readonly number[]) => ({
    to: [{ podSelector: { matchLabels: selectorOf(SITE, tier) } }],
    ports: ports.map(port),
  })
  return [
    policy('-to-programs', {
      podSelector: loadTest,
      policyTypes: ['Egress'],
      egress: [reach('api', [PUBLIC_PORT, MONITORING_PORT]), reach('worker', [MONITORING_PORT])],
    }),
    ...READ.map((tier) =>
      policy(`-reads-${tier}`, {
        podSelector: { matchLabels: selectorOf(SITE, tier) },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: loadTest }], ports: [port(MONITORING_PORT)] }],
      }),
    ),
  ]
}

function cpuMillicores(eventsPerSecond: number): number {
  const needed = CPU.idleMillicores + (eventsPerSecond * CPU.microsPerEvent) / 1000
  return Math.min(CPU.mostMillicores, Math.ceil(needed))
}

function jobSpec({ plan, image, name, eventsPerSecond, flags, deadlineSeconds }: LoadTestJobArgs) {
  const access = accessOf(plan)
  const { volumes, mounts } = runtimeVolumes(access, 'admin')
  const host = (service: string) => hostOf(plan.platform, service)
  const listeners = READ.map((tier) => `http://${host(`${name}-${tier}`)}:${MONITORING_PORT}`)
  return {
    // A load is never repeated by itself.
    backoffLimit: 0,
    activeDeadlineSeconds: deadlineSeconds,
    ttlSecondsAfterFinished: KEPT_SECONDS,
    template: podTemplate({
      site: { ...SITE, pullSecret: plan.images.pullSecret, cpuLimits: plan.platform.cpuLimits },
      tier: 'set-up',
      ...RUNTIME_USER,
      labels: labelsOfRun(name),
      graceSeconds: 60,
      restartPolicy: 'Never',
      volumes,
      containers: [
        {
          name: 'load-test',
          image,
          args: [
            'load-test',
            ...['--target', `http://${host('api')}:${PUBLIC_PORT}`],
            ...['--metrics', listeners.join(',')],
            ...['--record', '-'],
            ...flags,
          ],
          // As the workers have them, who use both Pulsar and Elasticsearch.
          settings: 'worker-settings',
          env: containerEnv(access, MEMORY_MIB, 'admin'),
          resources: { cpuMillicores: cpuMillicores(eventsPerSecond), memoryMib: MEMORY_MIB },
          mounts,
        },
      ],
    }),
  }
}

/** By the names of the Secrets that the stack has made. */
function accessOf(plan: Plan): RuntimeAccess {
  const token = (role: 'admin' | 'api' | 'worker') => tokenSecret('pulsar', role)
  const tokenSecrets = { admin: token('admin'), api: token('api'), worker: token('worker') }
  return {
    settings: plan.runtime,
    pulsar: {
      endpoint: { serviceUrl: '', adminUrl: '' },
      dependsOn: [],
      ...(plan.pulsar.authentication ? { tokenSecrets } : {}),
    },
    search: {
      url: '',
      ...(plan.elasticsearch.security
        ? {
            authorityConfigMap: authorityConfig('elasticsearch'),
            passwordSecret: passwordSecret('elasticsearch', 'tracardi'),
          }
        : {}),
    },
  }
}
