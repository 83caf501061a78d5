import { schema } from './schema.ts'

/** Groups whose values are objects; a secret is a text. */
const OBJECTS: readonly string[] = [...Object.keys(schema), 'runtime', 'sources']

/**
 * The configuration that the engine hands over, as `planOf` takes it.
 *
 * @param all every key with its project, `project:key`; objects are JSON.
 */
export function fromEngine(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
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
