import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { faultOf, StackConfigError } from './errors.ts'
import { placeholderOf } from './schema.ts'

const STACKS = new URL('../../stacks/', import.meta.url)
const PROJECT = 'tracardi-at-scale'

/**
 * The configuration of a stack as its file in `stacks/` has it, without the engine. Its secrets are encrypted: those of
 * which only the presence matters are placeholders, and others are omitted.
 *
 * @throws StackConfigError when there is no such stack, or its file is no YAML.
 */
export function readStackFile(stack: string): Record<string, unknown> {
  const url = new URL(`Pulumi.${stack}.yaml`, STACKS)
  let content: { config?: Record<string, unknown> }
  try {
    content = parse(readFileSync(url, 'utf8')) ?? {}
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const what = missing ? 'there is no such file' : (error as Error).message
    throw new StackConfigError([faultOf('file_unreadable', `stacks/Pulumi.${stack}.yaml cannot be read: ${what}`)])
  }
  const prefix = `${PROJECT}:`
  const entries = Object.entries(content.config ?? {})
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const)
    .map(([key, value]) => [key, isSecret(value) ? placeholderOf(key) : value] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function isSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'secure' in value
}
