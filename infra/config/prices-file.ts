import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { MachineFamily, Prices } from '../sizing/prices.ts'
import { faultOf, StackConfigError } from './errors.ts'

/**
 * Prices as the examples in `docs/prices/` have them: a file of YAML.
 *
 * @throws StackConfigError when it cannot be read, is no YAML, or has faults: all of them.
 */
export function readPricesFile(path: string): Prices {
  let content: unknown
  try {
    content = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new StackConfigError([faultOf('prices_invalid', `${path}: ${(error as Error).message}`)])
  }
  const faults = faultsOf(content)
  if (faults.length > 0)
    throw new StackConfigError(faults.map((fault) => faultOf('prices_invalid', `${path}: ${fault}`)))
  return content as Prices
}

type Found = Readonly<Record<string, unknown>>

const KEYS: readonly (keyof Prices)[] = [
  ...([
    'currency',
    'of',
    'machines',
    'usablePart',
    'diskGibMonth',
    'warmDiskGibMonth',
    'objectGibMonth',
    'zoneTrafficGib',
  ] as const),
]

function faultsOf(content: unknown): readonly string[] {
  if (!isObject(content)) return [`it is ${JSON.stringify(content)}; allowed: an object with ${KEYS.join(', ')}`]
  const unknown = Object.keys(content).filter((key) => !(KEYS as readonly string[]).includes(key))
  const { machines, usablePart } = content
  return [
    ...unknown.map((key) => `${key} is not a key; known: ${KEYS.join(', ')}`),
    ...(['currency', 'of'] as const).flatMap((key) =>
      typeof content[key] === 'string' && content[key] !== ''
        ? []
        : [`${key} is ${shown(content[key])}; allowed: text`],
    ),
    ...(['diskGibMonth', 'warmDiskGibMonth', 'objectGibMonth', 'zoneTrafficGib'] as const).flatMap((key) =>
      numberFault(key, content[key], 0),
    ),
    ...(typeof usablePart === 'number' && usablePart > 0 && usablePart <= 1
      ? []
      : [`usablePart is ${shown(usablePart)}; allowed: a number over 0, at most 1`]),
    ...(Array.isArray(machines) && machines.length > 0
      ? machines.flatMap((machine, at) => machineFaults(`machines[${at}]`, machine))
      : [`machines is ${shown(machines)}; allowed: a list of at least one family of machines`]),
  ]
}

function machineFaults(path: string, machine: unknown): readonly string[] {
  if (!isObject(machine)) return [`${path} is ${shown(machine)}; allowed: name, coreMonth, memoryGibPerCore`]
  const numbers: readonly (keyof MachineFamily)[] = ['coreMonth', 'memoryGibPerCore']
  return numbers.flatMap((key) => numberFault(`${path}.${key}`, machine[key], Number.MIN_VALUE))
}

function numberFault(path: string, given: unknown, least: number): readonly string[] {
  if (typeof given === 'number' && Number.isFinite(given) && given >= least) return []
  return [`${path} is ${shown(given)}; allowed: a number ${least === 0 ? 'of at least 0' : 'over 0'}`]
}

function isObject(value: unknown): value is Found {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value)
}
