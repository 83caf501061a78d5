import { readFileSync } from 'node:fs'

/**
 * The text of a shell script with its values filled in: `__NAME__` is the place of one of them. The container runs the result.
 * So each script is in a file of its own, which shellcheck checks.
 *
 * @throws Error where a placeholder has no value, or a value no placeholder.
 */
export function scriptOf(file: URL, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values))
  const text = readFileSync(file, 'utf8').replaceAll(/__([A-Z]+(?:_[A-Z]+)*)__/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${file.pathname} has the placeholder __${name}__, which has no value`)
    unused.delete(name)
    return String(value)
  })
  if (unused.size > 0) throw new Error(`${file.pathname} has no placeholder for ${[...unused].join(', ')}`)
  return text
}
