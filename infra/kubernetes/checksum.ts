import { createHash } from 'node:crypto'
import { type Input, type Output, output, unsecret } from '@pulumi/pulumi'

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
