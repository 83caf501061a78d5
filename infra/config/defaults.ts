import { type Input, RunError } from '@pulumi/pulumi'
import { faultOf, type StackFault } from './errors.ts'
import { type GroupOf, readKey } from './read.ts'
import { type Group, type Schema, schema } from './schema.ts'
import { chosenImage, mixedVersion, type Server, unsupportedVersion, versionOf } from './server-versions.ts'

/**
 * The values of a group: those that are given, and the defaults of the stack configuration for the rest.
 *
 * @param component its name, for the message.
 * @param given may have other properties too; an `undefined` one is not given.
 * @throws RunError with every value that is out of range: the engine prints its text, and no stack trace.
 */
export function withDefaults<G extends keyof Schema>(
  component: string,
  group: G,
  given: Partial<GroupOf<G>> | object,
): GroupOf<G> {
  const faults: string[] = []
  const values = Object.entries<Group[string]>(schema[group]).map(([key, definition]) => {
    const value = (given as Readonly<Record<string, unknown>>)[key]
    if (value === undefined) return [key, definition.default]
    const reading = readKey(definition, value)
    if ('fault' in reading) faults.push(`${key} is ${JSON.stringify(value)}; allowed: ${reading.fault}`)
    return [key, value]
  })
  refuse(
    component,
    faults.map((text) => faultOf('value_not_allowed', text)),
  )
  return Object.fromEntries(values)
}

/** @throws RunError with the faults, where there are any. */
export function refuse(component: string, faults: readonly StackFault[]): void {
  if (faults.length > 0)
    throw new RunError([`${component} cannot be made:`, ...faults.map(({ text }) => text)].join('\n  - '))
}

/**
 * The image of a server and its version, where a component is used alone: an image that is stated stays as it is.
 *
 * @throws RunError with a version that this release does not run, or that is not the one of the image.
 */
export function settledImage(
  component: string,
  server: Server,
  version: string,
  image: Input<string> | undefined,
): { readonly image: Input<string>; readonly version: string } {
  const fault = image === undefined ? unsupportedVersion(server, version) : mixedVersion(server, version, textOf(image))
  refuse(component, fault === undefined ? [] : [faultOf('version_not_possible', fault)])
  if (image === undefined) return chosenImage(server, { version, image, digests: [] })
  return { image, version: version || (versionOf(textOf(image)) ?? '') }
}

/** What is not known yet names no version. */
function textOf(image: Input<string>): string {
  return typeof image === 'string' ? image : ''
}
