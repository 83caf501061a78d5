/** What a pod requests and a machine has: CPU in cores, the others in bytes, and pods. */
export interface Amounts {
  readonly cpu: number
  readonly memory: number
  readonly 'ephemeral-storage': number
}

export const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const satisfies readonly (keyof Amounts)[]

export const NOTHING: Amounts = { cpu: 0, memory: 0, 'ephemeral-storage': 0 }

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A quantity of Kubernetes as a number, such as 0.5 for `500m`; NaN for anything else. */
export function quantity(text: string | number): number {
  const [, number = 'NaN', suffix = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(text)) ?? []
  return Number(number) * (SUFFIXES[suffix] ?? Number.NaN)
}

type Listed = Readonly<Record<string, string | number>> | undefined

/** The amounts of a list such as `requests`; 0 for what it does not have. */
export function amountsOf(listed: Listed): Amounts {
  const of = (name: keyof Amounts) => quantity(listed?.[name] ?? 0)
  return { cpu: of('cpu'), memory: of('memory'), 'ephemeral-storage': of('ephemeral-storage') }
}

interface Containers {
  readonly containers: readonly { readonly resources?: { readonly requests?: Listed; readonly limits?: Listed } }[]
  readonly initContainers?: readonly {
    readonly resources?: { readonly requests?: Listed; readonly limits?: Listed }
    readonly restartPolicy?: string
  }[]
  readonly overhead?: Listed
}

/**
 * What the scheduler counts a pod with: the sum of its containers, or its largest init container if that is more. An init
 * container with `restartPolicy: Always` continues to run with the others.
 */
export function requestsOf(pod: Containers, of: 'requests' | 'limits' = 'requests'): Amounts {
  const listed = (container: Containers['containers'][number]) => amountsOf(container.resources?.[of])
  let beside = NOTHING
  let most = NOTHING
  for (const init of pod.initContainers ?? []) {
    if (init.restartPolicy === 'Always') {
      beside = sum([beside, listed(init)])
      most = larger(most, beside)
    } else most = larger(most, sum([beside, listed(init)]))
  }
  const running = sum([beside, ...pod.containers.map(listed)])
  return sum([larger(most, running), amountsOf(pod.overhead)])
}

export function sum(all: readonly Amounts[]): Amounts {
  return combined((name) => all.reduce((total, each) => total + each[name], 0))
}

function larger(one: Amounts, other: Amounts): Amounts {
  return combined((name) => Math.max(one[name], other[name]))
}

function combined(of: (name: keyof Amounts) => number): Amounts {
  return { cpu: of('cpu'), memory: of('memory'), 'ephemeral-storage': of('ephemeral-storage') }
}
