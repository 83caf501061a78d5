import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'

type Changes = Readonly<Record<string, unknown>>

/** A file that a stack gives a server, from the ConfigMap of that name. */
export async function fileOf(stack: StackName, map: string, file: string, changes: Changes = {}): Promise<string> {
  const resources = await registeredBy(changed(stack, changes))
  const found = resources.find(({ type, inputs }) => type.endsWith(':ConfigMap') && inputs.metadata.name === map)
  return found?.inputs.data[file]
}

/** The same, as what it says by name. */
export async function propertiesOf(
  stack: StackName,
  map: string,
  file: string,
  changes: Changes = {},
): Promise<Readonly<Record<string, string>>> {
  const lines = (await fileOf(stack, map, file, changes)).trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

/** The script that a Job of a stack runs. */
export async function jobScript(stack: StackName, job: string, changes: Changes = {}): Promise<string> {
  const templates = podTemplates(await registeredBy(changed(stack, changes)))
  const found = templates.find(({ kind, name }) => kind === 'Job' && name.replace(/-[0-9a-f]{8}$/, '') === job)
  return found?.spec.containers[0].command[2]
}
