import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Input, type Output, output, unsecret } from '@pulumi/pulumi'

/** A file of `name=value` lines, as the servers of Pulsar read their configuration. */
export function propertiesFile(values: Readonly<Record<string, string | number | boolean>>): string {
  return `${Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}

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

/** A short digest of the content of a configuration: pods carry it, so that a change of the content restarts them. */
export function checksum(...contents: readonly string[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(`${content.length}:${content}`)
  return hash.digest('hex').slice(0, 16)
}

/** The same of secrets. It reveals nothing about them, because none of them can be guessed, so it is not a secret. */
export function checksumOfSecrets(...secrets: readonly Input<string>[]): Output<string> {
  return unsecret(output([...secrets]).apply((contents) => checksum(...contents)))
}
