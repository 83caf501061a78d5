/** A file of `name=value` lines, as the servers of Pulsar read their configuration. */
export function propertiesFile(values: Readonly<Record<string, string | number | boolean>>): string {
  return `${Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}
