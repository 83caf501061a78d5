import { RunError } from '@pulumi/pulumi'
import { StackConfigError } from './errors.ts'
import { planOf } from './plan.ts'
import type { Plan } from './resolved.ts'
import { placeholderOf, schema, secretKeys } from './schema.ts'

/** Groups whose values are objects; a secret is a text. */
const OBJECTS: readonly string[] = [...Object.keys(schema), 'runtime', 'coefficients', 'sources']

/**
 * The plan of the configuration that the engine hands over.
 *
 * @param all every key with its project, `project:key`; objects are JSON.
 * @throws RunError with all faults together: the engine prints its text, and no stack trace.
 */
export function planFromEngine(project: string, all: Readonly<Record<string, string>>): Plan {
  try {
    return planOf(fromEngine(project, all))
  } catch (error) {
    throw error instanceof StackConfigError ? new RunError(error.message) : error
  }
}

/** The same configuration as it is stated, group by group, with placeholders for its secrets. */
export function statedWithoutSecrets(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fromEngine(project, all)).flatMap(([key, value]) => {
      const shown = key in secretKeys ? placeholderOf(key) : value
      return shown === undefined ? [] : [[key, shown]]
    }),
  )
}

function fromEngine(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
  const prefix = `${project}:`
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const)
      .map(([key, value]) => [key, OBJECTS.includes(key) ? parsed(value) : value]),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
